// SPDX-License-Identifier: GPL-2.0

//! Whether firmware's own pointers lie in the map.

use super::{
    super::{
        addr::{
            PhysAddr,
            VirtAddr, //
        },
        entry::Entry, //
    },
    InheritError, //
};

/// Checks that the runtime services table, a physical address, and the first service it holds, at
/// `get_time`, lie where the map has them, as FreeBSD does: firmware that was never converted, or
/// converted to something else, is found out before it is called.
///
/// # Errors
///
/// An [`InheritError`] that names the pointer.
pub(crate) fn check_pointers(
    entries: &[Entry],
    runtime: PhysAddr,
    get_time: VirtAddr,
) -> Result<(), InheritError> {
    if !entries
        .iter()
        .any(|entry| entry.phys.contains_addr(runtime))
    {
        return Err(InheritError::NotMapped("runtime services table", runtime));
    }
    if !entries.iter().any(|entry| entry.executes_at(get_time)) {
        return Err(InheritError::NotExecutable("GetTime", get_time));
    }
    Ok(())
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_inherit_pointers)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        entry::split,
        fixtures::{
            code,
            data,
            MapBytes,
            BLANK_ENTRY,
            BLANK_REGION,
            X86_64, //
        },
        list::List,
        region::collect,
    };

    #[test]
    fn pointers_must_lie_in_the_map() {
        let bytes = MapBytes::new(&[data(0x10_0000, 1), code(0x20_0000, 1)]);
        let mut regions = [BLANK_REGION; 2];
        let mut list = List::new(&mut regions);
        assert!(collect(&bytes.map(), false, &mut list).is_ok());
        assert!(X86_64.lay_out_fixed(&mut list).is_ok());
        let mut buffer = [BLANK_ENTRY; 2];
        let mut entries = List::new(&mut buffer);
        assert!(split(&list, &[], &mut entries).is_ok());

        let (table, code) = (PhysAddr::new(0x10_0020), list[1].virt);
        let check = |runtime, get_time| check_pointers(&entries, runtime, get_time);
        assert_eq!(check(table, code), Ok(()));
        assert_eq!(check(table, VirtAddr::new(0x20_0000)), Ok(()));
        let data = list[0].virt;
        assert_eq!(
            check(table, data),
            Err(InheritError::NotExecutable("GetTime", data))
        );
        let stray = PhysAddr::new(0x30_0000);
        let error = InheritError::NotMapped("runtime services table", stray);
        assert_eq!(check(stray, code), Err(error));
    }
}
