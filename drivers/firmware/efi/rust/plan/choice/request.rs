// SPDX-License-Identifier: GPL-2.0

//! The request on the command line: the `rtmap:` words of the `efi=` option.

use crate::plan::{
    base::kind::{
        Kind,
        Privilege, //
    },
    user::{
        function::Function,
        grant::is_good,
        port::Ports, //
    },
};
use core::{
    num::NonZero,
    str, //
};

const USER: Option<Privilege> = Some(Privilege::User);

/// The user's request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Request {
    /// Leave everything to stock Linux.
    pub(crate) off: bool,
    /// The requested map kind. With [`None`], [`decide`](super::decide::decide) chooses.
    pub(crate) kind: Option<Kind>,
    /// Use the services although an earlier kernel saw the firmware fail.
    pub(crate) retry: bool,
    /// Milliseconds that a firmware call may take before firmware counts as hung. With [`None`], as
    /// many as in stock Linux.
    pub(crate) timeout: Option<NonZero<u32>>,
    /// The requested privilege of firmware. With [`None`], the configuration decides.
    pub(crate) privilege: Option<Privilege>,
    /// Turn the services on or off. With [`None`], the configuration decides.
    pub(crate) services: Option<bool>,
    /// In user mode, firmware gets no ports but those that are listed.
    pub(crate) enforce: bool,
}

impl Request {
    /// Reads the comma-separated words of one `efi=` option. Later words win. Words without the
    /// prefix are not ours, except `novamap`, `runtime` and `noruntime`. `unknown` gets each word that has the prefix and no
    /// meaning.
    pub(crate) fn add(mut self, option: &[u8], mut unknown: impl FnMut(&[u8])) -> Self {
        for word in option.split(|&byte| byte == b',') {
            match word {
                // An older word for `rtmap:phys`.
                b"novamap" => self.kind = Some(Kind::Phys),
                b"runtime" => self.services = Some(true),
                b"noruntime" => self.services = Some(false),
                _ => (),
            }
            let Some(word) = word.strip_prefix(b"rtmap:") else {
                continue;
            };
            if let Some(limit) = word.strip_prefix(b"timeout=") {
                match milliseconds(limit) {
                    Some(limit) => self.timeout = Some(limit),
                    None => unknown(word),
                }
                continue;
            }
            if let Some(good) = is_good::<Ports>(word).or_else(|| is_good::<Function>(word)) {
                if !good {
                    unknown(word);
                }
                continue;
            }
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.name().as_bytes() == word);
            let privilege = Privilege::ALL
                .into_iter()
                .find(|privilege| privilege.name().as_bytes() == word);
            if privilege.is_some() {
                self.privilege = privilege;
                continue;
            }
            match (word, kind) {
                (b"user=learn", _) => (self.privilege, self.enforce) = (USER, false),
                (b"user=enforce", _) => (self.privilege, self.enforce) = (USER, true),
                (_, Some(_)) => (self.kind, self.off) = (kind, false),
                (b"auto", None) => (self.kind, self.off) = (None, false),
                (b"off", None) => self.off = true,
                (b"retry", None) => self.retry = true,
                (word, None) => {
                    unknown(word);
                    (self.kind, self.off) = (None, false);
                }
            }
        }
        self
    }

    /// Packs the request into one word, for a place that holds only a word.
    pub(crate) fn to_bits(self) -> u64 {
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        let words = self.kind.map_or(0, |kind| kind as u32)
            | flag(self.off, Self::OFF)
            | flag(self.retry, Self::RETRY)
            | flag(self.enforce, Self::ENFORCE)
            | flag(self.services == Some(true), Self::SERVICES_ON)
            | flag(self.services == Some(false), Self::SERVICES_OFF)
            | self.privilege.map_or(0, |privilege| privilege as u32) << Self::PRIVILEGE_SHIFT;
        u64::from(words) | u64::from(self.timeout.map_or(0, NonZero::get)) << 32
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        // The lower half has the words, the upper one the limit.
        let (timeout, bits) = ((bits >> 32) as u32, bits as u32);
        Self {
            off: bits & Self::OFF != 0,
            kind: Kind::from_number(bits & Self::KIND),
            retry: bits & Self::RETRY != 0,
            enforce: bits & Self::ENFORCE != 0,
            services: match bits & (Self::SERVICES_ON | Self::SERVICES_OFF) {
                Self::SERVICES_ON => Some(true),
                Self::SERVICES_OFF => Some(false),
                _ => None,
            },
            privilege: Privilege::from_number(bits >> Self::PRIVILEGE_SHIFT & Self::PRIVILEGE),
            timeout: NonZero::new(timeout),
        }
    }

    /// Tells if services are on where they are off by default, as in PREEMPT_RT kernels: in user mode,
    /// firmware holds no processor. Without a word for the privilege, it is `default`.
    pub(crate) fn enables_services(&self, default: Privilege) -> bool {
        let privilege = self.privilege.unwrap_or(default);
        privilege == Privilege::User && self.services.is_none() && !self.off
    }

    /// Milliseconds that a firmware call may take before firmware counts as hung.
    pub(crate) fn longest_call(&self) -> u32 {
        self.timeout.map_or(120 * SECOND, NonZero::get)
    }

    const KIND: u32 = 0xff;
    const OFF: u32 = 1 << 8;
    const RETRY: u32 = 1 << 9;
    const PRIVILEGE: u32 = 3;
    const PRIVILEGE_SHIFT: u32 = 10;
    const ENFORCE: u32 = 1 << 12;
    const SERVICES_ON: u32 = 1 << 13;
    const SERVICES_OFF: u32 = 1 << 14;

    /// The word for the requested kind.
    pub(crate) fn name(&self) -> &'static str {
        self.kind.map_or("auto", Kind::name)
    }
}

/// Milliseconds.
const SECOND: u32 = 1000;

/// Reads `5` as seconds and `5ms` as milliseconds: at most 65,535 seconds.
fn milliseconds(limit: &[u8]) -> Option<NonZero<u32>> {
    let (number, unit) = match limit.strip_suffix(b"ms") {
        Some(number) => (number, 1),
        None => (limit, SECOND),
    };
    let number: u32 = str::from_utf8(number).ok()?.parse().ok()?;
    let limit = number.checked_mul(unit)?;
    NonZero::new(limit).filter(|limit| limit.get() <= u32::from(u16::MAX) * SECOND)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_request)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    fn parse(option: &[u8]) -> (Request, usize) {
        let mut unknown = 0;
        let request = Request::default().add(option, |_| unknown += 1);
        (request, unknown)
    }

    #[test]
    fn knows_every_word() {
        for (option, name, off, retry) in [
            (b"rtmap:auto".as_slice(), "auto", false, false),
            (b"rtmap:phys", "phys", false, false),
            (b"rtmap:ident", "ident", false, false),
            (b"rtmap:fixed", "fixed", false, false),
            (b"rtmap:off", "auto", true, false),
            (b"rtmap:retry", "auto", false, true),
            (b"debug,rtmap:retry,rtmap:phys", "phys", false, true),
            (b"rtmap:off,rtmap:ident", "ident", false, false),
            (b"runtime,debug", "auto", false, false),
        ] {
            let (request, unknown) = parse(option);
            assert_eq!(
                (request.name(), request.off, request.retry),
                (name, off, retry)
            );
            assert_eq!(unknown, 0);
        }
    }

    #[test]
    fn an_unknown_word_is_reported_and_taken_for_auto() {
        for option in [
            b"rtmap:".as_slice(),
            b"rtmap:fixe",
            b"rtmap:phys,rtmap:identity",
        ] {
            assert_eq!(parse(option), (Request::default(), 1));
        }
    }

    #[test]
    fn a_call_may_take_as_long_as_in_stock_linux_or_as_is_asked_for() {
        for (option, limit) in [
            (b"rtmap:phys".as_slice(), 120_000),
            (b"rtmap:timeout=7", 7_000),
        ] {
            let request = Request::default().add(option, |_| ());
            assert_eq!(request.longest_call(), limit);
        }
    }

    #[test]
    fn a_privilege_goes_with_any_word() {
        let (kernel, user) = (Some(Privilege::Kernel), Some(Privilege::User));
        for (option, privilege) in [
            (b"rtmap:phys".as_slice(), None),
            (b"rtmap:user,rtmap:phys", user),
            (b"rtmap:phys,rtmap:user", user),
            (b"rtmap:user,rtmap:phys,rtmap:kernel", kernel),
            (b"rtmap:user=enforce,rtmap:phys", user),
            (b"rtmap:user=learn,rtmap:phys", user),
            (b"rtmap:phys,rtmap:nobody", None),
        ] {
            let (request, unknown) = parse(option);
            assert_eq!(request.privilege, privilege);
            assert_eq!(unknown, usize::from(option.ends_with(b"nobody")));
            assert_eq!(request.kind.is_some(), unknown == 0);
        }
    }

    #[test]
    fn user_mode_turns_services_on_unless_a_word_says_otherwise() {
        let (kernel, user) = (Privilege::Kernel, Privilege::User);
        for (option, default, enabled) in [
            (b"debug".as_slice(), kernel, false),
            (b"debug", user, true),
            (b"rtmap:user", kernel, true),
            (b"rtmap:kernel", user, false),
            (b"rtmap:user,rtmap:off", kernel, false),
            (b"noruntime,rtmap:user", kernel, false),
            (b"rtmap:user,noruntime", kernel, false),
            // Then they are on in any case, and the kernel's privilege will do.
            (b"rtmap:user,runtime", kernel, false),
        ] {
            assert_eq!(parse(option).0.enables_services(default), enabled);
        }
    }

    #[test]
    fn ports_are_checked_and_enforced() {
        for (option, enforce, unknown) in [
            (b"rtmap:user".as_slice(), false, 0),
            (b"rtmap:user=enforce,rtmap:ports=0x70-0x71+0xb2", true, 0),
            (b"rtmap:user=enforce,rtmap:user=learn", false, 0),
            (b"rtmap:ports=0x70-0x71+b2", false, 1),
            (b"rtmap:ports=", false, 1),
            (b"rtmap:calls=0xc4000041+0x84000050", false, 0),
            (b"rtmap:calls=0x84000050-0x84000053", false, 1),
            (b"rtmap:user=enforce,rtmap:user=never", true, 1),
        ] {
            let (request, reported) = parse(option);
            assert_eq!((request.enforce, reported), (enforce, unknown));
        }
    }

    #[test]
    fn a_timeout_goes_with_any_word() {
        for (option, timeout) in [
            (b"rtmap:phys".as_slice(), None),
            (b"rtmap:timeout=1", NonZero::new(1_000)),
            (b"rtmap:timeout=5,rtmap:phys", NonZero::new(5_000)),
            (b"rtmap:phys,rtmap:timeout=65535", NonZero::new(65_535_000)),
            (b"rtmap:timeout=20ms,rtmap:phys", NonZero::new(20)),
            (b"rtmap:timeout=65535000ms", NonZero::new(65_535_000)),
        ] {
            let (request, unknown) = parse(option);
            assert_eq!((request.timeout, unknown), (timeout, 0));
        }
        for option in [
            b"rtmap:fixed,rtmap:timeout=".as_slice(),
            b"rtmap:fixed,rtmap:timeout=0",
            b"rtmap:fixed,rtmap:timeout=65536",
            b"rtmap:fixed,rtmap:timeout=65535001ms",
            b"rtmap:fixed,rtmap:timeout=0ms",
            b"rtmap:fixed,rtmap:timeout=ms",
            b"rtmap:fixed,rtmap:timeout=5s",
            b"rtmap:fixed,rtmap:timeout=5 ms",
            b"rtmap:fixed,rtmap:timeout=-1",
        ] {
            let (request, unknown) = parse(option);
            assert_eq!((request.timeout, unknown), (None, 1));
            assert_eq!(request.kind, Some(Kind::Fixed));
        }
    }

    #[test]
    fn bits_are_read_back() {
        for kind in [None, Some(Kind::Phys), Some(Kind::Ident), Some(Kind::Fixed)] {
            for (off, retry) in [(false, false), (false, true), (true, false), (true, true)] {
                for timeout in [None, NonZero::new(1), NonZero::new(u32::MAX)] {
                    for privilege in [None, Some(Privilege::Kernel), Some(Privilege::User)] {
                        let request = Request {
                            off,
                            kind,
                            retry,
                            timeout,
                            privilege,
                            enforce: off,
                            services: timeout.map(|_| retry),
                        };
                        assert_eq!(Request::from_bits(request.to_bits()), request);
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_are_read_back() {
        assert!(Kind::ALL
            .into_iter()
            .all(|kind| Kind::from_number(kind as u32) == Some(kind)));
        assert_eq!((Kind::from_number(0), Kind::from_number(4)), (None, None));
    }
}
