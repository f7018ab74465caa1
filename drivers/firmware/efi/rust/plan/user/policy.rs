// SPDX-License-Identifier: GPL-2.0

//! The policy for privileged instructions of firmware.

use crate::plan::user::{
    instruction::Instruction,
    port::Ports, //
};

/// The policy for ports that firmware uses for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Policy {
    /// They are allowed, logged and listed.
    #[default]
    Learn,
    /// They end the call.
    Enforce,
}

/// The kernel's answer to a privileged instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// Firmware gets the ports, and executes the instruction again.
    Allow(Ports),
    /// The instruction counts as done, and has so many bytes.
    Skip(u8),
    /// The kernel does the same, and the instruction counts as done.
    FlushCaches(u8),
    /// The kernel reads the register in ECX, and the instruction counts as done.
    ReadMsr(u8),
    /// The call ends.
    Abort,
}

/// Ports with which firmware could reach any memory: both DMA controllers, their page registers, and
/// the configuration of PCI. They are allowed only to those who name them.
const DANGEROUS: [(u16, u16); 4] = [(0x00, 0x10), (0x81, 0x0f), (0xc0, 0x20), (0xcf8, 8)];

/// Model specific registers that tell of the processor and of its clock, and no secret: platform's
/// number, address of the local APIC, version of the microcode, platform's facts, features that are on,
/// capabilities of MTRRs (Intel SDM, volume 4).
const HARMLESS_MSRS: [u32; 6] = [0x17, 0x1b, 0x8b, 0xce, 0x1a0, 0xfe];

/// Decides on `instruction`, with `ecx` in that register. The kernel has no privilege of its own for
/// the ports that it `allowed`: then the processor refuses for another reason.
pub(crate) fn answer(
    instruction: Instruction,
    ecx: u32,
    policy: Policy,
    allowed: impl Iterator<Item = Ports>,
) -> Answer {
    match instruction {
        Instruction::InterruptFlag(length) => Answer::Skip(length),
        Instruction::FlushCaches(length) => Answer::FlushCaches(length),
        Instruction::ReadMsr(length) if HARMLESS_MSRS.contains(&ecx) => Answer::ReadMsr(length),
        Instruction::ReadMsr(_) => Answer::Abort,
        Instruction::Port(ports) => {
            let mut dangerous = DANGEROUS
                .iter()
                .filter_map(|&(first, count)| Ports::new(first, count));
            let known = allowed.into_iter().any(|known| known.contains(ports));
            let refused = policy == Policy::Enforce || known || dangerous.any(|d| d.meets(ports));
            if refused {
                Answer::Abort
            } else {
                Answer::Allow(ports)
            }
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_policy)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use core::iter::empty;

    #[test]
    fn a_new_port_is_learned_or_refused() {
        let Some(ports) = Ports::new(0x402, 1) else {
            panic!("a port")
        };
        let port = Instruction::Port(ports);
        assert_eq!(
            answer(port, 0, Policy::Learn, empty()),
            Answer::Allow(ports)
        );
        assert_eq!(answer(port, 0, Policy::Enforce, empty()), Answer::Abort);
        // It would come back for ever.
        let known = Ports::new(0x400, 8);
        assert_eq!(
            answer(port, 0, Policy::Learn, known.into_iter()),
            Answer::Abort
        );
    }

    #[test]
    fn dangerous_ports_are_never_learned() {
        for (first, count) in [
            (0, 1),
            (0xf, 2),
            (0x87, 1),
            (0xdf, 1),
            (0xcf8, 4),
            (0xcff, 1),
        ] {
            let port = Ports::new(first, count).map(Instruction::Port);
            let answer = port.map(|port| answer(port, 0, Policy::Learn, empty()));
            assert_eq!(answer, Some(Answer::Abort));
        }
        for (first, count) in [(0x10, 1), (0x80, 1), (0xb2, 2), (0xe0, 1), (0xd00, 1)] {
            let ports = Ports::new(first, count);
            let answer = ports.map(|p| answer(Instruction::Port(p), 0, Policy::Learn, empty()));
            assert_eq!(answer, ports.map(Answer::Allow));
        }
    }

    #[test]
    fn harmless_instructions_go_on() {
        for policy in [Policy::Learn, Policy::Enforce] {
            let answer = |instruction| answer(instruction, 0x8b, policy, empty());
            assert_eq!(answer(Instruction::InterruptFlag(1)), Answer::Skip(1));
            assert_eq!(answer(Instruction::FlushCaches(2)), Answer::FlushCaches(2));
            assert_eq!(answer(Instruction::ReadMsr(2)), Answer::ReadMsr(2));
        }
    }

    #[test]
    fn registers_with_secrets_are_not_read() {
        // Entries of system calls, branch records, the bases of GS.
        for ecx in [
            0x176,
            0x1d9,
            0xc000_0082,
            0xc000_0101,
            0xc000_0102,
            u32::MAX,
        ] {
            let answer = answer(Instruction::ReadMsr(2), ecx, Policy::Learn, empty());
            assert_eq!(answer, Answer::Abort);
        }
    }
}
