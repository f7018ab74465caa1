// SPDX-License-Identifier: GPL-2.0

//! The owner of the memory at an address that firmware gives, and the end of this memory. Nothing
//! beyond the end may be mapped with it.
//!
//! Two sources tell the owner: firmware's memory map, and the kernel, which sets memory aside. In a
//! kernel that kexec has started, the map may hold only runtime regions.
//!
//! | the memory map says | the memory is firmware's |
//! | --- | --- |
//! | runtime region, or a type that no kernel takes | for ever |
//! | boot services | while they are intact, and where the kernel has set it aside |
//! | loader, conventional, persistent | where the kernel has set it aside |
//! | device, or not to be used | never |
//! | nothing | where the kernel has set it aside |
//!
//! Boot services may be intact in one part of the memory only: see [`BootServices`].

use crate::plan::{
    base::addr::{
        PhysAddr,
        PhysRange, //
    },
    firmware::memmap::{
        Descriptor,
        MemoryMap, //
    },
};
use core::fmt;

/// The state of boot services memory that the kernel has not set aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BootServices {
    /// Firmware's content is intact.
    Intact,
    /// Firmware's content is intact outside of the kernel's RAM. With `mem=`, this RAM ends early.
    IntactOutsideRam,
    /// Nothing is left of firmware's content.
    Gone,
}

/// The kernel's knowledge of memory. Each function returns the end of the memory of one sort at an
/// address, or this address if the memory there is of another sort.
pub(crate) struct KernelMemory<'a> {
    /// Memory that the kernel has set aside.
    pub(crate) kept: &'a dyn Fn(PhysAddr) -> PhysAddr,
    /// Memory that is not RAM for the kernel.
    pub(crate) outside_ram: &'a dyn Fn(PhysAddr) -> PhysAddr,
}

/// Nothing shows that the memory at this address is firmware's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Foreign(pub(crate) PhysAddr);

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "nothing shows that the memory at {} is firmware's",
            self.0
        )
    }
}

/// Returns how many of the `most` bytes at `addr` are firmware's, without a gap.
///
/// # Errors
///
/// [`Foreign`] if the first byte is not firmware's.
pub(crate) fn extent(
    map: &MemoryMap<'_>,
    boot_services: BootServices,
    kernel: &KernelMemory<'_>,
    addr: PhysAddr,
    most: usize,
) -> Result<usize, Foreign> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let wanted = PhysAddr::new(addr.value().saturating_add(most));
    let mut end = addr;
    while end < wanted {
        match piece(map, boot_services, kernel, end) {
            // `next` is greater than `end`, so the loop ends.
            Some(next) => end = next,
            None => break,
        }
    }
    let count = end.min(wanted).value() - addr.value();
    match usize::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Foreign(addr)),
    }
}

/// Returns the end of the memory that is firmware's at `addr` for one reason.
fn piece(
    map: &MemoryMap<'_>,
    boot_services: BootServices,
    kernel: &KernelMemory<'_>,
    addr: PhysAddr,
) -> Option<PhysAddr> {
    let ranges = || map.iter().filter_map(|d| Some((d, d.range().ok()?)));
    let is_firmwares = |(d, range): &(Descriptor, PhysRange)| {
        range.contains_addr(addr) && is_firmwares(d, boot_services)
    };
    if let Some((_, range)) = ranges().find(is_firmwares) {
        return Some(range.end());
    }
    let (mut device, mut boot_services_memory) = (false, false);
    let mut border = PhysAddr::new(u64::MAX);
    for (descriptor, range) in ranges() {
        if range.contains_addr(addr) {
            device |= !descriptor.ty.is_memory();
            boot_services_memory |= descriptor.ty.is_boot_services();
        }
        for edge in [range.start(), range.end()] {
            if edge > addr {
                border = border.min(edge);
            }
        }
    }
    if device {
        return None;
    }
    let mut kept = (kernel.kept)(addr);
    if boot_services_memory && boot_services == BootServices::IntactOutsideRam {
        kept = kept.max((kernel.outside_ram)(addr));
    }
    // Behind the next border of a descriptor, another rule may hold.
    let end = border.min(kept);
    (end > addr).then_some(end)
}

fn is_firmwares(descriptor: &Descriptor, boot_services: BootServices) -> bool {
    let ty = descriptor.ty;
    let lasts = descriptor.is_runtime() || !ty.is_free_after_boot();
    let intact = ty.is_boot_services() && boot_services == BootServices::Intact;
    ty.is_memory() && (lasts || intact)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_owner)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        firmware::memtype::{
            Attributes,
            MemoryType, //
        },
        fixtures::{
            data,
            descriptor,
            MapBytes, //
        },
    };

    const START: u64 = 0x10_0000;
    const END_OF_RAM: u64 = 0x8000_0000;

    /// The kernel has set no memory aside.
    fn nothing(addr: PhysAddr) -> PhysAddr {
        addr
    }

    /// The kernel has set `start` to `end` aside.
    fn kept(start: u64, end: u64) -> impl Fn(PhysAddr) -> PhysAddr {
        move |addr| {
            if (start..end).contains(&addr.value()) {
                PhysAddr::new(end)
            } else {
                addr
            }
        }
    }

    fn look(
        descriptors: &[Descriptor],
        boot_services: BootServices,
        kept: impl Fn(PhysAddr) -> PhysAddr,
        addr: u64,
        most: usize,
    ) -> Option<usize> {
        // The kernel's RAM ends here.
        let outside_ram = |addr: PhysAddr| match addr.value() < END_OF_RAM {
            true => addr,
            false => PhysAddr::new(u64::MAX),
        };
        let kernel = KernelMemory {
            kept: &kept,
            outside_ram: &outside_ram,
        };
        let map = MapBytes::new(descriptors);
        let addr = PhysAddr::new(addr);
        let found = extent(&map.map(), boot_services, &kernel, addr, most);
        assert!(found.is_ok() || found == Err(Foreign(addr)));
        found.ok()
    }

    /// The bytes of one page of type `ty` that are firmware's: with the page kept, and without.
    fn of_type(ty: u32, boot_services: BootServices) -> [Option<usize>; 2] {
        let page = [Descriptor {
            attributes: Attributes(0xf),
            ..descriptor(MemoryType(ty), START, 1)
        }];
        [
            look(&page, boot_services, kept(START, u64::MAX), START, 0x2000),
            look(&page, boot_services, nothing, START, 0x2000),
        ]
    }

    #[test]
    fn the_type_tells_whose_memory_it_is() {
        use BootServices::{
            Gone,
            Intact, //
        };
        // Kept memory continues behind the page.
        let (page, on) = (Some(0x1000), Some(0x2000));
        for ty in [0, 5, 6, 9, 10, 13, 16, 0x7000_0000, u32::MAX] {
            assert_eq!(of_type(ty, Gone), [on, page]);
        }
        for ty in [3, 4] {
            assert_eq!(of_type(ty, Gone), [on, None]);
            assert_eq!(of_type(ty, Intact), [on, page]);
        }
        for ty in [1, 2, 7, 14] {
            assert_eq!(of_type(ty, Intact), [on, None]);
        }
        for ty in [8, 11, 12, 15] {
            assert_eq!(of_type(ty, Intact), [None, None]);
        }
    }

    #[test]
    fn the_attribute_makes_memory_firmwares_but_no_device() {
        let runtime = |ty| {
            let page = [Descriptor {
                attributes: Attributes::RUNTIME,
                ..descriptor(ty, START, 1)
            }];
            look(&page, BootServices::Gone, nothing, START, 0x2000)
        };
        assert_eq!(runtime(MemoryType::BOOT_SERVICES_DATA), Some(0x1000));
        assert_eq!(runtime(MemoryType::CONVENTIONAL_MEMORY), Some(0x1000));
        assert_eq!(runtime(MemoryType::MAPPED_IO), None);
    }

    #[test]
    fn what_is_not_firmwares_ends_it() {
        let map = [
            descriptor(MemoryType::CONVENTIONAL_MEMORY, START + 0x2000, 4),
            data(START, 1),
            data(START + 0x1000, 1),
        ];
        for (offset, most, count) in [
            (0, 1, Some(1)),
            (0, 0x1000, Some(0x1000)),
            // The bytes reach from one region into another.
            (0, 0x1001, Some(0x1001)),
            (0xff8, 200, Some(200)),
            (0x1f38, 200, Some(200)),
            (0x1f39, 200, Some(199)),
            (0x1fff, 200, Some(1)),
            (0x2000, 200, None),
            (0, usize::MAX, Some(0x2000)),
            (0, 0, None),
        ] {
            assert_eq!(
                look(&map, BootServices::Gone, nothing, START + offset, most),
                count
            );
        }
        let before = look(&map, BootServices::Gone, nothing, START - 1, 200);
        assert_eq!(before, None);
    }

    #[test]
    fn boot_services_memory_ends_it_once_it_is_gone() {
        let map = [
            descriptor(MemoryType::BOOT_SERVICES_DATA, START + 0x1000, 1),
            data(START, 1),
        ];
        let end = START + 0xf80;
        for (boot_services, count) in [(BootServices::Intact, 200), (BootServices::Gone, 128)] {
            assert_eq!(look(&map, boot_services, nothing, end, 200), Some(count));
        }
    }

    #[test]
    fn boot_services_memory_outside_of_ram_may_count_as_intact() {
        let at_the_end = |ty| {
            let map = [descriptor(ty, END_OF_RAM - 0x1000, 3)];
            let look = |boot_services, addr| look(&map, boot_services, nothing, addr, 0x9000);
            [BootServices::IntactOutsideRam, BootServices::Gone]
                .map(|state| [END_OF_RAM - 1, END_OF_RAM].map(|addr| look(state, addr)))
        };
        let none = [[None; 2]; 2];
        let outside = [[None, Some(0x2000)], [None; 2]];
        assert_eq!(at_the_end(MemoryType::BOOT_SERVICES_DATA), outside);
        assert_eq!(at_the_end(MemoryType::CONVENTIONAL_MEMORY), none);
        assert_eq!(at_the_end(MemoryType::MAPPED_IO), none);
        // The map says nothing.
        let state = BootServices::IntactOutsideRam;
        assert_eq!(look(&[], state, nothing, END_OF_RAM, 1), None);
    }

    #[test]
    fn what_the_kernel_keeps_is_gone_by_where_the_map_says_nothing() {
        let map = [
            data(START, 1),
            descriptor(MemoryType::MAPPED_IO, START + 0x3000, 1),
        ];
        let look = |kept_to, offset, most| {
            let kept = kept(START + 0x1000, START + kept_to);
            look(&map, BootServices::Gone, kept, START + offset, most)
        };
        assert_eq!(look(0x2000, 0x1000, 0x1001), Some(0x1000));
        assert_eq!(look(0x2000, 0xff0, 0x800), Some(0x800));
        assert_eq!(look(0x2000, 0x2000, 1), None);
        // The kernel keeps devices too.
        assert_eq!(look(0x9000, 0x2ff0, 200), Some(16));
        assert_eq!(look(0x9000, 0x3000, 200), None);
        assert_eq!(look(0x9000, 0x4000, 200), Some(200));
    }

    #[test]
    fn overlapping_regions_go_as_far_as_the_longest() {
        let map = [data(START, 1), data(START, 3), data(START + 0x1000, 1)];
        let count = look(&map, BootServices::Gone, nothing, START + 8, 0x8000);
        assert_eq!(count, Some(0x2ff8));
    }

    #[test]
    fn memory_ends_with_the_address_space() {
        let top = u64::MAX - 0x1fff;
        let map = [data(top, 1)];
        let count = look(&map, BootServices::Gone, nothing, top, usize::MAX);
        assert_eq!(count, Some(0x1000));
        let map = [data(top, u64::MAX >> 12)];
        let count = look(&map, BootServices::Gone, nothing, top, 200);
        assert_eq!(count, None);
        let all = |_| PhysAddr::new(u64::MAX);
        assert_eq!(look(&[], BootServices::Gone, all, u64::MAX, 200), None);
        assert_eq!(
            look(&[], BootServices::Gone, all, u64::MAX - 1, 200),
            Some(1)
        );
    }
}
