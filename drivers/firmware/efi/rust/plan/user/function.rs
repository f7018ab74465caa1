// SPDX-License-Identifier: GPL-2.0

//! Functions of the secure world or of a hypervisor, which firmware on arm64 calls (Arm DEN 0028,
//! SMC Calling Convention).

use crate::plan::user::{
    grant::{
        number,
        Grant, //
    },
    policy::Policy,
};
use core::{
    fmt,
    num::NonZero, //
};

/// The identifier of a function. No function is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Function(NonZero<u32>);

/// Questions for the version and the features of the convention.
const HARMLESS: [u32; 2] = [0x8000_0000, 0x8000_0001];

impl Function {
    /// Tells if the function starts or stops processors or the machine, or gives the secure world an
    /// address to call: PSCI and SDEI, the standard services below 0x40, in both widths.
    fn is_dangerous(self) -> bool {
        const WIDTH: u32 = 1 << 30;
        (0x8400_0000..0x8400_0040).contains(&(self.0.get() & !WIDTH))
    }
}

impl Grant for Function {
    const WORD: &'static [u8] = b"calls=";

    /// Reads an identifier as in `0xc4000041`.
    fn read(text: &[u8]) -> Option<Self> {
        NonZero::new(number(text)?).map(Self)
    }

    fn to_bits(self) -> u32 {
        self.0.get()
    }

    fn from_bits(bits: u32) -> Option<Self> {
        NonZero::new(bits).map(Self)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// The kernel's answer to a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// The kernel makes it.
    Make,
    /// The kernel allows the function from now on, and makes the call.
    Learn,
    /// Firmware's call ends.
    Abort,
}

/// Decides on a call of `function`, if firmware may call those that are `allowed`.
pub(crate) fn answer(
    function: Function,
    policy: Policy,
    mut allowed: impl Iterator<Item = Function>,
) -> Answer {
    if HARMLESS.contains(&function.0.get()) || allowed.any(|known| known == function) {
        Answer::Make
    } else if policy == Policy::Enforce || function.is_dangerous() {
        Answer::Abort
    } else {
        Answer::Learn
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_function)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use core::iter::empty;

    const MM_COMMUNICATE: Option<Function> = match NonZero::new(0xc400_0041) {
        Some(id) => Some(Function(id)),
        None => None,
    };

    #[test]
    fn a_new_function_is_learned_or_refused() {
        let Some(function) = MM_COMMUNICATE else {
            panic!("a function")
        };
        let answer = |policy, allowed| match allowed {
            true => answer(function, policy, MM_COMMUNICATE.into_iter()),
            false => answer(function, policy, empty()),
        };
        assert_eq!(answer(Policy::Learn, false), Answer::Learn);
        assert_eq!(answer(Policy::Enforce, false), Answer::Abort);
        assert_eq!(answer(Policy::Learn, true), Answer::Make);
        assert_eq!(answer(Policy::Enforce, true), Answer::Make);
    }

    #[test]
    fn dangerous_functions_are_never_learned() {
        for (id, expected) in [
            (0x8400_0003, Answer::Abort), // CPU_ON
            (0xc400_0003, Answer::Abort),
            (0x8400_0009, Answer::Abort), // SYSTEM_RESET
            (0xc400_0021, Answer::Abort), // SDEI_EVENT_REGISTER
            (0xc400_003f, Answer::Abort),
            (0x8400_0040, Answer::Learn), // MM_VERSION
            (0x8400_0050, Answer::Learn), // TRNG_VERSION
            (0xc200_ff01, Answer::Learn), // of a platform
            (0x8000_0000, Answer::Make),  // SMCCC_VERSION
        ] {
            let found = Function::from_bits(id).map(|f| answer(f, Policy::Learn, empty()));
            assert_eq!(found, Some(expected));
        }
        // Whoever names it wants it.
        let cpu_on = Function::from_bits(0xc400_0003);
        let found = cpu_on.map(|f| answer(f, Policy::Enforce, cpu_on.into_iter()));
        assert_eq!(found, Some(Answer::Make));
    }

    #[test]
    fn identifiers_are_read() {
        for (text, expected) in [
            (b"0xc4000041".as_slice(), Some(0xc400_0041)),
            (b"0x1", Some(1)),
            (b"0x0", None),
            (b"c4000041", None),
            (b"0x1c4000041", None),
            (b"0x", None),
        ] {
            assert_eq!(Function::read(text).map(Function::to_bits), expected);
        }
    }
}
