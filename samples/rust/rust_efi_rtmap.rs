// SPDX-License-Identifier: GPL-2.0

//! A sample user of the EFI runtime map. It prints the map and reads the firmware's clock.

use kernel::{
    efi_rtmap::RuntimeMap,
    prelude::*, //
};

module! {
    type: EfiRtmapSample,
    name: "rust_efi_rtmap",
    authors: ["efi-rtmap contributors"],
    description: "Rust EFI runtime map sample",
    license: "GPL",
}

#[pin_data(PinnedDrop)]
struct EfiRtmapSample {
    map: RuntimeMap,
}

impl kernel::InPlaceModule for EfiRtmapSample {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            map: {
                let map = RuntimeMap::current().ok_or(ENODEV)?;
                show(&map)?;
                map
            },
        })
    }
}

fn show(map: &RuntimeMap) -> Result {
    pr_info!(
        "{:?} map, {:?}, generation {}\n",
        map.kind(),
        map.origin(),
        map.generation()
    );
    for region in map.regions() {
        pr_info!(
            "type {:2}: {:#018x} at {:#018x}, {} pages\n",
            region.ty,
            region.phys,
            region.virt,
            region.pages
        );
    }
    let time = map.time()?;
    pr_info!(
        "firmware clock: {:04}-{:02}-{:02} {:02}:{:02}:{:02}\n",
        time.year,
        time.month,
        time.day,
        time.hour,
        time.minute,
        time.second
    );
    Ok(())
}

#[pinned_drop]
impl PinnedDrop for EfiRtmapSample {
    fn drop(self: Pin<&mut Self>) {
        pr_info!("no longer looking at a {:?} map\n", self.map.kind());
    }
}
