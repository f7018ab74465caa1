// SPDX-License-Identifier: GPL-2.0

//! Instructions of x86 that need privilege, as far as firmware is known to use them (Intel SDM,
//! volume 2).

use crate::plan::{
    firmware::width::Width,
    user::port::Ports, //
};

/// An instruction that needs privilege.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Instruction {
    /// IN, OUT, INS or OUTS with these ports.
    Port(Ports),
    /// CLI or STI, of so many bytes.
    InterruptFlag(u8),
    /// WBINVD, of so many bytes.
    FlushCaches(u8),
    /// RDMSR of the register in ECX, of so many bytes.
    ReadMsr(u8),
}

/// Reads the instruction at the start of `code`, for firmware of this `width` whose register DX is
/// `dx`. [`None`] if it is another one.
pub(crate) fn read(code: &[u8], width: Width, dx: u16) -> Option<Instruction> {
    let (mut operand_size, mut length) = (4, 0_u8);
    let mut bytes = code.iter().copied();
    let opcode = loop {
        length = length.checked_add(1)?;
        match bytes.next()? {
            0x66 => operand_size = 2,
            // Address size, segments, LOCK and REP.
            0x67 | 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0xf0 | 0xf2 | 0xf3 => (),
            // REX.
            0x40..=0x4f if width == Width::Bits64 => (),
            opcode => break opcode,
        }
    };
    match opcode {
        0xe4..=0xe7 => port(opcode, bytes.next()?.into(), operand_size),
        0xec..=0xef | 0x6c..=0x6f => port(opcode, dx, operand_size),
        0xfa | 0xfb => Some(Instruction::InterruptFlag(length)),
        0x0f => {
            let length = length.checked_add(1)?;
            match bytes.next()? {
                0x09 => Some(Instruction::FlushCaches(length)),
                0x32 => Some(Instruction::ReadMsr(length)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The access of the instruction `opcode` to the port `first`. The lowest bit of the opcode tells
/// bytes from operands of `size` bytes.
fn port(opcode: u8, first: u16, size: u16) -> Option<Instruction> {
    let count = if opcode & 1 == 0 { 1 } else { size };
    Ports::new(first, count).map(Instruction::Port)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_instruction)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    const DX: u16 = 0x402;

    #[test]
    fn accesses_to_ports_are_read() {
        for (code, first, count) in [
            (&[0xe4, 0x71][..], 0x71, 1),
            (&[0xe5, 0x71], 0x71, 4),
            (&[0x66, 0xe7, 0x80], 0x80, 2),
            (&[0xee], DX, 1),
            (&[0x66, 0xef], DX, 2),
            (&[0xed], DX, 4),
            (&[0xf3, 0x6e], DX, 1),
            (&[0xf3, 0x66, 0x6d], DX, 2),
        ] {
            let expected = Ports::new(first, count).map(Instruction::Port);
            assert_eq!(read(code, Width::Bits64, DX), expected);
            assert_eq!(read(code, Width::Bits32, DX), expected);
        }
        // The last port has no neighbour.
        assert_eq!(read(&[0xef], Width::Bits64, 0xffff), None);
    }

    #[test]
    fn other_instructions_are_read() {
        for (code, expected) in [
            (&[0xfa][..], Some(Instruction::InterruptFlag(1))),
            (&[0xf3, 0xfb], Some(Instruction::InterruptFlag(2))),
            (&[0x0f, 0x09], Some(Instruction::FlushCaches(2))),
            (&[0x0f, 0x32], Some(Instruction::ReadMsr(2))),
            (&[0x0f, 0x08], None), // INVD loses data
            (&[0x0f, 0x30], None), // WRMSR
            (&[0xf4], None),       // HLT
            (&[0xe4], None),
            (&[0x0f], None),
            (&[], None),
            (&[0x66; 16], None),
        ] {
            assert_eq!(read(code, Width::Bits64, DX), expected);
        }
    }

    #[test]
    fn rex_is_an_instruction_of_32_bit_code() {
        let code = [0x48, 0xed];
        let port = Ports::new(DX, 4).map(Instruction::Port);
        assert_eq!(read(&code, Width::Bits64, DX), port);
        assert_eq!(read(&code, Width::Bits32, DX), None);
    }
}
