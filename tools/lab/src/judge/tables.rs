// SPDX-License-Identifier: GPL-2.0
//! SMBIOS, ACPI, ESRT, the TPM's log: a kernel that knows of the firmware finds what the first kernel
//! found.

use efi_rtmap_guest::report::TPM_LOG;

use super::Judge;

impl Judge<'_> {
    pub(super) fn tables(&mut self) {
        let facts = self.facts;
        let what = "reading SMBIOS and ACPI tables";
        if self.worked(what, &facts.tables).is_none() {
            return;
        }
        let first = self.observed.report.facts(0);
        let first = first.and_then(|facts| facts.tables.as_ref().ok());
        let Some(first) = first.filter(|_| !self.step.expect.untold) else {
            return;
        };
        self.expect(
            first.contains_key(TPM_LOG) || !self.scenario.tpm,
            || TPM_LOG.into(),
            "none",
        );
        self.expect(
            !first.is_empty(),
            || "SMBIOS and ACPI tables".into(),
            "none",
        );
        for (name, seen) in self.observed.report.changed_tables(facts) {
            self.find(
                format!("{name} as the first kernel found it"),
                seen.map_or("none".into(), |crc| format!("other content, {crc:#x}")),
            );
        }
    }
}
