// SPDX-License-Identifier: GPL-2.0
//! Secure boot: what the first kernel was told of it, each kernel is told.

use efi_rtmap_guest::plan::Loader;

use super::Judge;
use crate::machine::report::Told;
use crate::scenario::Check;

/// The word of a kernel that has not been told.
const NOT_TOLD: &str = "could not be determined (mode 0)";
/// In the line of the kernel's log that tells what it has been told.
const MARK: &str = ": Secure boot ";

impl Judge<'_> {
    pub(super) fn secure_boot(&mut self) {
        let Some(first) = self.observed.report.0.get(&0) else {
            return;
        };
        if !self.step.expect.untold {
            let (wanted, seen) = (said(first), said(self.told));
            let lost = seen == Some(NOT_TOLD) && !self.is_told_of_secure_boot();
            self.expect(
                lost || seen.is_some() && seen == wanted,
                || format!("the kernel's word on secure boot, {wanted:?} as in the first"),
                format!("{seen:?}"),
            );
        }
        if !self.steps[0].expect.works(Check::Read) {
            return;
        }
        let first = first.facts.as_ref();
        let first = first.and_then(|facts| facts.secure_boot.as_ref().ok());
        let Some(wanted) = first.filter(|_| self.works(Check::Read)) else {
            return;
        };
        let facts = self.facts;
        if let Some(seen) = self.worked("reading secure boot variables", &facts.secure_boot) {
            self.expect(
                seen == wanted,
                || format!("secure boot variables as in the first kernel, {wanted:?}"),
                format!("{seen:?}"),
            );
        }
    }

    /// By firmware, or by each kernel before.
    fn is_told_of_secure_boot(&self) -> bool {
        let loaders = self.steps[..=self.generation].iter();
        let mut loaders = loaders.filter_map(|step| step.loader);
        self.observed.arch.kexec_load_tells_secure_boot || loaders.all(Loader::is_file_load)
    }
}

fn said(told: &Told) -> Option<&str> {
    let lines = told.log.iter();
    lines.rev().find_map(|line| Some(line.split_once(MARK)?.1))
}
