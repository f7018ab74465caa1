// SPDX-License-Identifier: GPL-2.0

//! The check that firmware can run in user mode.

use crate::plan::{
    base::addr::{
        PhysAddr,
        VirtAddr, //
    },
    map::mapping::Mapping,
};
use core::fmt;

/// The reason why firmware cannot run in user mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unfit {
    /// Firmware uses an address that no process can have.
    Address(VirtAddr),
    /// The memory for arguments is where firmware's own is to be.
    InTheWay(PhysAddr),
    /// The hypervisor encrypts the state of processors.
    Encrypted,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "firmware is at {address}, in the kernel's half"),
            Self::InTheWay(address) => {
                write!(f, "memory for arguments at {address} is where firmware is")
            }
            Self::Encrypted => f.write_str("the state of processors is encrypted"),
        }
    }
}

/// Checks that a process can have all of `mappings`, below `end`, and a block of `size` bytes at its
/// own physical address `block`.
///
/// # Errors
///
/// The reason why not.
pub(crate) fn check(
    mappings: &[Mapping],
    end: VirtAddr,
    block: PhysAddr,
    size: u64,
) -> Result<(), Unfit> {
    let block_start = block.identity();
    let block_end = VirtAddr::new(block.value().saturating_add(size));
    for mapping in mappings {
        if mapping.end() > end {
            return Err(Unfit::Address(mapping.virt));
        }
        if mapping.virt < block_end && block_start < mapping.end() {
            return Err(Unfit::InTheWay(block));
        }
    }
    if block_end > end {
        return Err(Unfit::Address(block_start));
    }
    Ok(())
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_fit)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        fixtures::range, //
    };

    fn mapping(virt: u64, pages: u64) -> Result<Mapping, RangeError> {
        Ok(Mapping {
            phys: range(0x10_0000, pages)?,
            virt: VirtAddr::new(virt),
            ..Mapping::BLANK
        })
    }

    const END: VirtAddr = VirtAddr::new(0x8000_0000);
    const BLOCK: PhysAddr = PhysAddr::new(0x40_0000);
    const SIZE: u64 = 0x8000;

    #[test]
    fn all_must_be_below_the_end() -> Result<(), RangeError> {
        for (virt, pages, result) in [
            (0, 1, Ok(())),
            (0x7fff_f000, 1, Ok(())),
            (
                0x7fff_f000,
                2,
                Err(Unfit::Address(VirtAddr::new(0x7fff_f000))),
            ),
            (
                0xffff_fffe_0000_0000,
                1,
                Err(Unfit::Address(VirtAddr::new(0xffff_fffe_0000_0000))),
            ),
        ] {
            assert_eq!(check(&[mapping(virt, pages)?], END, BLOCK, SIZE), result);
        }
        let high = PhysAddr::new(END.value() - SIZE + 0x1000);
        let error = Err(Unfit::Address(high.identity()));
        assert_eq!(check(&[], END, high, SIZE), error);
        Ok(())
    }

    #[test]
    fn nothing_is_where_the_block_is() -> Result<(), RangeError> {
        let error = Err(Unfit::InTheWay(BLOCK));
        for (virt, pages, result) in [
            (0x3f_f000, 1, Ok(())),
            (0x3f_f000, 2, error),
            (0x40_7000, 1, error),
            (0x30_0000, 0x200, error),
            (0x40_8000, 1, Ok(())),
        ] {
            assert_eq!(check(&[mapping(virt, pages)?], END, BLOCK, SIZE), result);
        }
        Ok(())
    }
}
