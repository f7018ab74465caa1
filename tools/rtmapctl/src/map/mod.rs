// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl map`: the regions of firmware's memory.

mod bar;
mod regions;
mod rows;

pub use regions::read;

use efi_rtmap_picture::Region;

use crate::paint::Paint;

pub fn text(regions: &[Region], paint: Paint) -> String {
    format!(
        "{}\n{}",
        rows::text(regions, paint),
        bar::text(regions, paint)
    )
}
