// SPDX-License-Identifier: GPL-2.0

//! Instructions of arm64 that need privilege, as far as firmware is known to use them (Arm ARM,
//! section C6.2).

/// An instruction that needs privilege. It has four bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Instruction {
    /// SMC or HVC.
    Call(Conduit),
    /// A read of the exception level, to this general register.
    ReadLevel(Register),
    /// A read of the interrupt masks, to this general register.
    ReadMasks(Register),
    /// A write of the interrupt masks.
    WriteMasks,
}

/// The way to the secure world, or to a hypervisor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Conduit {
    Smc,
    Hvc,
}

/// The number of a general register. 31 stands for the one that is always zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Register(u8);

impl Register {
    pub(crate) fn number(self) -> u8 {
        self.0
    }
}

/// Bytes of an instruction.
pub(crate) const LENGTH: u8 = 4;

/// Reads the instruction at the start of `code`. [`None`] if it is another one.
pub(crate) fn read(code: &[u8]) -> Option<Instruction> {
    let word = u32::from_le_bytes(code.get(..LENGTH.into())?.try_into().ok()?);
    let register = Register((word & 0x1f) as u8);
    match word {
        // The kernel passes no other number on than 0.
        0xd400_0003 => return Some(Instruction::Call(Conduit::Smc)),
        0xd400_0002 => return Some(Instruction::Call(Conduit::Hvc)),
        _ => (),
    }
    // Masks that are set or cleared are in four bits.
    if matches!(word & !0xf00, 0xd503_40df | 0xd503_40ff) {
        return Some(Instruction::WriteMasks);
    }
    match word & !0x1f {
        0xd538_4240 => Some(Instruction::ReadLevel(register)),
        0xd53b_4220 => Some(Instruction::ReadMasks(register)),
        0xd51b_4220 => Some(Instruction::WriteMasks),
        _ => None,
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_a64)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_read() {
        for (word, expected) in [
            (0xd400_0003_u32, Some(Instruction::Call(Conduit::Smc))),
            (0xd400_0002, Some(Instruction::Call(Conduit::Hvc))),
            (0xd538_4240, Some(Instruction::ReadLevel(Register(0)))),
            (0xd538_425f, Some(Instruction::ReadLevel(Register(31)))),
            (0xd53b_4223, Some(Instruction::ReadMasks(Register(3)))),
            (0xd51b_4229, Some(Instruction::WriteMasks)),
            (0xd503_42df, Some(Instruction::WriteMasks)), // daifset, #2
            (0xd503_4fff, Some(Instruction::WriteMasks)), // daifclr, #15
            (0xd400_0023, None),                          // smc #1
            (0xd400_0001, None),                          // svc #0
            (0xd518_1000, None),                          // msr sctlr_el1, x0
            (0xd69f_03e0, None),                          // eret
            (0, None),
        ] {
            assert_eq!(read(&word.to_le_bytes()), expected);
        }
    }

    #[test]
    fn no_instruction_is_read_of_few_bytes() {
        assert_eq!(read(&[0x03, 0x00, 0x00]), None);
    }
}
