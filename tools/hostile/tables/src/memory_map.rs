// SPDX-License-Identifier: GPL-2.0
//! The memory map, as GetMemoryMap() returns it.

use core::ops::Range;

use efi_rtmap_orders::What;

use crate::descriptor::{Descriptor, Table, PAGE};

/// The largest number of descriptors that one lie adds.
pub const MOST_MORE: usize = 2;

const BOOT_SERVICES_DATA: u32 = 4;
const RUNTIME_SERVICES_DATA: u32 = 6;
const HUGE: u64 = 1 << 52;

pub fn is_lie(what: What) -> bool {
    matches!(
        what,
        What::MapWithoutRuntime
            | What::MapOverlapping
            | What::MapDuplicate
            | What::MapSplit
            | What::MapCapable
            | What::MapUnaligned
            | What::MapZeroPages
            | What::MapHuge
            | What::MapWithoutCacheability
            | What::MapAtZero
            | What::MapBootOverlapping
    )
}

/// Changes the first `size` bytes of the buffer, a map with descriptors of `stride` bytes. Returns
/// the new size. `image` is the place of the driver. There must be room for [`MOST_MORE`]
/// descriptors.
pub fn falsify(
    buffer: &mut [u8],
    size: usize,
    stride: usize,
    image: &Range<u64>,
    what: What,
) -> usize {
    let mut map = Table {
        buffer,
        size,
        stride,
    };
    match what {
        What::MapWithoutRuntime => withhold(&mut map, image),
        What::MapOverlapping => add(&mut map, Descriptor::is_runtime, halve),
        What::MapBootOverlapping => {
            let boot = |region: &Descriptor| region.kind == BOOT_SERVICES_DATA;
            add(&mut map, boot, halve);
        }
        What::MapDuplicate => add(&mut map, Descriptor::is_runtime, |_| {}),
        What::MapSplit => split(&mut map),
        What::MapCapable => map.change(Descriptor::is_runtime, |region| {
            region.attributes |= Descriptor::WRITE_PROTECTABLE | Descriptor::NOT_EXECUTABLE;
        }),
        What::MapZeroPages => add(&mut map, Descriptor::is_runtime, |region| {
            region.pages = 0.into();
        }),
        What::MapUnaligned => change(&mut map, |region| region.start += PAGE / 2),
        What::MapHuge => change(&mut map, |region| region.pages = HUGE.into()),
        What::MapWithoutCacheability => map.change(Descriptor::is_runtime, |region| {
            region.attributes &= !Descriptor::CACHEABILITY;
        }),
        What::MapAtZero => claim_page_zero(&mut map),
        _ => {}
    }
    map.size
}

/// The region of this kind that lies change. It is large enough to be cut.
fn victim(map: &Table<'_>, kind: impl Fn(&Descriptor) -> bool) -> Option<usize> {
    map.position(|region| kind(region) && region.pages >= 2)
}

/// Keeps only the second half of a region.
fn halve(region: &mut Descriptor) {
    let half = region.pages.get() / 2;
    region.start += half * PAGE;
    region.pages -= half;
}

fn change(map: &mut Table<'_>, change: impl Fn(&mut Descriptor)) {
    let index = victim(map, Descriptor::is_runtime);
    if let Some(region) = index.and_then(|index| map.at(index)) {
        change(region);
    }
}

fn split(map: &mut Table<'_>) {
    let index = victim(map, Descriptor::is_runtime);
    if let Some(region) = index.and_then(|index| map.at(index)) {
        let middle = region.start.get() + region.pages.get() / 2 * PAGE;
        map.cut(middle);
    }
}

/// Keeps the victim, and adds a changed copy after it.
fn add(map: &mut Table<'_>, kind: impl Fn(&Descriptor) -> bool, change: impl Fn(&mut Descriptor)) {
    let index = victim(map, kind).filter(|index| map.double(*index));
    if let Some(copy) = index.and_then(|index| map.at(index + 1)) {
        change(copy);
    }
}

/// Cuts the image out of its runtime region, and takes the runtime attribute from the image alone.
fn withhold(map: &mut Table<'_>, image: &Range<u64>) {
    map.cut(image.start);
    map.cut(image.end);
    let is_image = |region: &Descriptor| region.is_runtime() && image.contains(&region.start.get());
    map.change(is_image, |region| {
        region.attributes &= !Descriptor::RUNTIME;
    });
}

/// Takes page 0 from the region that has it, if there is one.
fn claim_page_zero(map: &mut Table<'_>) {
    map.cut(PAGE);
    let owner = map.position(|region| region.start == 0 && region.pages > 0);
    let index =
        owner.or_else(|| victim(map, Descriptor::is_runtime).filter(|index| map.double(*index)));
    if let Some(page) = index.and_then(|index| map.at(index)) {
        page.kind = RUNTIME_SERVICES_DATA.into();
        page.start = 0.into();
        page.pages = 1.into();
        page.attributes |= Descriptor::RUNTIME;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{tests::region, Descriptors};
    use zerocopy::IntoBytes;

    const RUNTIME: u64 = Descriptor::RUNTIME | 0xf;
    /// The stride is larger than the structure, as in firmware.
    const STRIDE: usize = 48;
    const ROOM: usize = 8;

    fn original() -> [Descriptor; 4] {
        [
            region(7, 0, 0x10, 0xf),
            region(5, 0x10_0000, 0x10, RUNTIME),
            region(6, 0x11_0000, 0x8, RUNTIME),
            region(7, 0x20_0000, 0x100, 0xf),
        ]
    }

    /// The map of `original` after one lie, with exactly the room that lies may need.
    fn after(what: What) -> ([Descriptor; ROOM], usize) {
        after_of(&original(), what)
    }

    fn after_of(regions: &[Descriptor], what: What) -> ([Descriptor; ROOM], usize) {
        let mut buffer = [0; ROOM * STRIDE];
        for (index, region) in regions.iter().enumerate() {
            buffer[index * STRIDE..][..size_of::<Descriptor>()].copy_from_slice(region.as_bytes());
        }
        let size = regions.len() * STRIDE;
        let room = size + MOST_MORE * STRIDE;
        let image = 0x10_4000..0x10_8000;
        let size = falsify(&mut buffer[..room], size, STRIDE, &image, what);
        let mut seen = [region(0, 0, 0, 0); ROOM];
        let map = Descriptors::new(&buffer[..size], STRIDE);
        for (index, region) in map.iter().enumerate() {
            seen[index] = *region;
        }
        (seen, size / STRIDE)
    }

    #[track_caller]
    fn assert_map(what: What, expected: &[Descriptor]) {
        let (seen, count) = after(what);
        assert_eq!(&seen[..count], expected);
    }

    #[test]
    fn the_image_is_withheld_and_nothing_else() {
        let [low, _, data, high] = original();
        assert_map(
            What::MapWithoutRuntime,
            &[
                low,
                region(5, 0x10_0000, 4, RUNTIME),
                region(5, 0x10_4000, 4, 0xf),
                region(5, 0x10_8000, 8, RUNTIME),
                data,
                high,
            ],
        );
    }

    #[test]
    fn one_more_region_begins_in_the_middle() {
        let [low, code, data, high] = original();
        let second = region(5, 0x10_8000, 8, RUNTIME);
        assert_map(What::MapOverlapping, &[low, code, second, data, high]);
    }

    #[test]
    fn boot_services_data_overlaps_and_no_runtime_region() {
        // `original` has no boot services data.
        assert_map(What::MapBootOverlapping, &original());
        let regions = original().map(|mut region| {
            if region.kind == RUNTIME_SERVICES_DATA {
                region.kind = BOOT_SERVICES_DATA.into();
            }
            region
        });
        let [low, code, data, high] = regions;
        let second = Descriptor {
            start: 0x11_4000.into(),
            pages: 4.into(),
            ..data
        };
        let (seen, count) = after_of(&regions, What::MapBootOverlapping);
        assert_eq!(&seen[..count], [low, code, data, second, high]);
    }

    #[test]
    fn a_region_comes_twice() {
        let [low, code, data, high] = original();
        assert_map(What::MapDuplicate, &[low, code, code, data, high]);
    }

    #[test]
    fn a_region_comes_in_two_parts() {
        let [low, _, data, high] = original();
        let first = region(5, 0x10_0000, 8, RUNTIME);
        let second = region(5, 0x10_8000, 8, RUNTIME);
        assert_map(What::MapSplit, &[low, first, second, data, high]);
    }

    #[test]
    fn runtime_regions_are_capable_of_protection() {
        let [low, mut code, mut data, high] = original();
        code.attributes = (RUNTIME | 1 << 12 | 1 << 14).into();
        data.attributes = code.attributes;
        assert_map(What::MapCapable, &[low, code, data, high]);
    }

    #[test]
    fn a_region_has_no_pages() {
        let [low, code, data, high] = original();
        let none = region(5, 0x10_0000, 0, RUNTIME);
        assert_map(What::MapZeroPages, &[low, code, none, data, high]);
    }

    #[test]
    fn a_region_is_changed_in_its_place() {
        let [low, _, data, high] = original();
        let unaligned = region(5, 0x10_0800, 0x10, RUNTIME);
        assert_map(What::MapUnaligned, &[low, unaligned, data, high]);
        let huge = region(5, 0x10_0000, 1 << 52, RUNTIME);
        assert_map(What::MapHuge, &[low, huge, data, high]);
    }

    #[test]
    fn runtime_regions_cannot_be_cached() {
        let [low, mut code, mut data, high] = original();
        code.attributes = Descriptor::RUNTIME.into();
        data.attributes = Descriptor::RUNTIME.into();
        assert_map(What::MapWithoutCacheability, &[low, code, data, high]);
    }

    #[test]
    fn page_zero_is_taken_from_its_owner() {
        let [_, code, data, high] = original();
        let page = region(6, 0, 1, RUNTIME);
        let rest = region(7, PAGE, 0xf, 0xf);
        assert_map(What::MapAtZero, &[page, rest, code, data, high]);
    }

    #[test]
    fn other_misbehaviours_leave_the_map_alone() {
        assert!(!is_lie(What::BadCrc));
        assert_map(What::BadCrc, &original());
    }
}
