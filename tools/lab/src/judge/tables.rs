// SPDX-License-Identifier: GPL-2.0
//! SMBIOS, ACPI, ESRT, the TPM's log: a kernel that knows of the firmware finds what the first kernel
//! found.

use efi_rtmap_guest::report::TPM_LOG;

use super::Judge;

impl Judge<'_> {
    pub(super) fn tables(&mut self) {
        let facts = self.facts;
        let Some(tables) = self.worked("reading SMBIOS and ACPI tables", &facts.tables) else {
            return;
        };
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
        for (name, crc) in first {
            let seen = tables.get(name);
            self.expect(
                seen == Some(crc),
                || format!("{name} as the first kernel found it"),
                seen.map_or("none".into(), |crc| format!("other content, {crc:#x}")),
            );
        }
    }
}
