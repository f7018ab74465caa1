// SPDX-License-Identifier: GPL-2.0
//! Expectations that follow from the chain of kernels, by the rules that our kernels decide by. They
//! are asserted wherever the scenario says nothing else.

use crate::arch::Rtmap;
use crate::words::{Firmware, Kind, Origin, Privilege, Requested, Svam, Wx, WxWord};

use super::expect::{Check, Expect, RuntimeMap, Services};
use super::Step;

/// Completes what each kernel of the chain must show.
pub fn complete(steps: &mut [Step], rtmap: &Rtmap, firmware: Firmware) {
    let mut chain = Chain {
        rtmap,
        firmware,
        left: Left::Untouched { passed: 0 },
        attributes: steps.first().is_some_and(Step::rtmap_on),
        runtime_map: false,
    };
    for (k, step) in steps.iter_mut().enumerate() {
        chain.next(k, step);
    }
}

/// The knowledge of the kernels so far.
struct Chain<'a> {
    rtmap: &'a Rtmap,
    firmware: Firmware,
    left: Left,
    /// The first kernel has read the memory attributes table, for all.
    attributes: bool,
    /// The last kernel has a runtime map.
    runtime_map: bool,
}

/// The state that the kernels so far have left to the next.
#[derive(Clone, Copy)]
enum Left {
    /// None has called firmware; so many of ours have passed it on.
    Untouched { passed: u32 },
    /// A map that firmware is called with.
    Map {
        kind: Kind,
        svam: Svam,
        origin: Origin,
        generation: u32,
    },
}

impl Chain<'_> {
    fn next(&mut self, k: usize, step: &mut Step) {
        let had_map = std::mem::replace(&mut self.runtime_map, true);
        if step.expect.untold {
            self.runtime_map = false;
        } else if step.rtmap_on() {
            self.ours(step);
        } else if step.passes_on() {
            self.passed_on(&mut step.expect);
        } else {
            self.stock(k, step);
        }
        if had_map && self.runtime_map {
            step.expect.runtime_map.get_or_insert(RuntimeMap::Same);
        }
    }

    fn ours(&mut self, step: &mut Step) {
        let requested = Requested::of(&step.options);
        let expect = &mut step.expect;
        expect.requested.get_or_insert(requested);
        if expect.off {
            expect.kind = Some(Kind::None);
            expect.origin = Some(Origin::None);
            expect.svam = Some(Svam::Unknown);
            self.runtime_map = false;
            return;
        }
        let left = self.left;
        let origin = *expect.origin.get_or_insert(match left {
            Left::Untouched { passed: 0 } => Origin::Fresh,
            Left::Untouched { .. } => Origin::Handover,
            // Without Kexec Handover, our kernel makes no table where the stub made none.
            Left::Map {
                origin: Origin::Legacy,
                ..
            } => Origin::Legacy,
            Left::Map { .. } => Origin::Handover,
        });
        let kind = *expect.kind.get_or_insert(match left {
            Left::Untouched { passed: 0 } => self.fresh(requested),
            // It is too late for SVAM.
            Left::Untouched { .. } => Kind::Phys,
            Left::Map { kind, .. } => kind,
        });
        let svam = *expect.svam.get_or_insert(match (origin, left) {
            (Origin::Handover, Left::Map { svam, .. }) => svam,
            (Origin::Legacy, _) => traces_of(kind),
            _ => after(kind),
        });
        let generation = *expect.generation.get_or_insert(match (origin, left) {
            // At least: kernels without a table do not count.
            (Origin::Legacy, _) => 1,
            (_, Left::Untouched { passed }) => passed,
            (_, Left::Map { generation, .. }) => generation + 1,
        });
        if !expect.services_off() {
            let privilege = self.privilege(Privilege::of(&step.options), kind);
            expect.privilege.get_or_insert(privilege);
        }
        if expect.wx_pages.is_none() && (origin == Origin::Legacy || !self.attributes) {
            expect.wx.get_or_insert(self.rtmap.legacy_wx);
        }
        self.left = Left::Map {
            kind,
            svam,
            origin,
            generation,
        };
    }

    /// A kernel of ours that must not call firmware. It has no page tables for it.
    fn passed_on(&mut self, expect: &mut Expect) {
        expect.services.get_or_insert(Services::All(false));
        expect.wx.get_or_insert(Wx::Word(WxWord::Any));
        match &mut self.left {
            Left::Untouched { passed } => *passed += 1,
            Left::Map { generation, .. } => *generation += 1,
        }
    }

    /// A stock kernel, or one of ours that leaves all to its code.
    fn stock(&mut self, k: usize, step: &mut Step) {
        let expect = &mut step.expect;
        let debian = step.image.is_debian();
        if debian {
            // It has neither /dev/efi_test nor a file of the EFI page tables.
            let seen = [Check::List, Check::Read, Check::Write];
            expect.services.get_or_insert(Services::These(seen.into()));
            expect.wx.get_or_insert(Wx::Word(WxWord::Any));
        }
        let shown = self.rtmap.map_in_sysfs || !debian;
        self.runtime_map = shown && !expect.services_off();
        if k > 0 && !expect.services_off() {
            expect.wx.get_or_insert(self.rtmap.stock_wx);
        }
        if let Left::Untouched { .. } = self.left {
            let kind = match self.firmware {
                Firmware::Default | Firmware::SecureBoot => self.rtmap.stock_kind,
                Firmware::Ia32 => Kind::Ident,
            };
            self.left = Left::Map {
                kind,
                svam: traces_of(kind),
                origin: Origin::Legacy,
                generation: 0,
            };
        }
    }

    /// No process can have addresses of the kernel's half.
    fn privilege(&self, requested: Privilege, kind: Kind) -> Privilege {
        let in_kernels_half = self.rtmap.fixed.start >= 1 << 63;
        match kind {
            Kind::Fixed if in_kernels_half => Privilege::Kernel,
            _ => requested,
        }
    }

    fn fresh(&self, requested: Requested) -> Kind {
        match requested {
            Requested::Auto => self.rtmap.kind,
            Requested::Phys => Kind::Phys,
            Requested::Ident => Kind::Ident,
            Requested::Fixed => Kind::Fixed,
        }
    }
}

/// The SVAM state once a kernel has made a map of this kind.
fn after(kind: Kind) -> Svam {
    match kind {
        Kind::Phys => Svam::NotCalled,
        Kind::Ident => Svam::CalledIdent,
        Kind::Fixed => Svam::CalledFixed,
        Kind::None => Svam::Unknown,
    }
}

/// The SVAM state that addresses alone tell.
fn traces_of(kind: Kind) -> Svam {
    match kind {
        Kind::Fixed => Svam::CalledFixed,
        _ => Svam::Unknown,
    }
}

/// Our words among the options of a kernel's command line, without the prefix.
fn our_words(options: &str) -> impl DoubleEndedIterator<Item = &str> {
    let words = options.split_ascii_whitespace();
    let words = words.filter_map(|word| word.strip_prefix("efi="));
    let words = words.flat_map(|words| words.split(','));
    words.filter_map(|word| word.strip_prefix("rtmap:"))
}

impl Requested {
    /// The last word counts.
    fn of(options: &str) -> Self {
        let mut kinds = our_words(options).filter_map(|word| match word {
            "phys" => Some(Self::Phys),
            "ident" => Some(Self::Ident),
            "fixed" => Some(Self::Fixed),
            _ => None,
        });
        kinds.next_back().unwrap_or(Self::Auto)
    }
}

impl Privilege {
    /// The last word counts.
    pub(super) fn of(options: &str) -> Self {
        let mut privileges = our_words(options).filter_map(|word| match word {
            "user" | "user=learn" | "user=enforce" => Some(Self::User),
            "kernel" => Some(Self::Kernel),
            _ => None,
        });
        privileges.next_back().unwrap_or(Self::Kernel)
    }
}

#[cfg(test)]
mod tests;
