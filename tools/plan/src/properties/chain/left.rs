// SPDX-License-Identifier: GPL-2.0

//! The state that one kernel leaves, and the next one finds.

use super::*;
use crate::table;

const SLOT_SIZE: usize = 512;

const IDENTITY: Identity = Identity {
    systab: PhysAddr::new(0x3f00_0018),
    revision: 1,
    vendor_crc: 2,
};

#[derive(Clone, Debug)]
pub(super) struct Left {
    /// The runtime regions of the memory map.
    pub(super) regions: Vec<Region>,
    /// Kexec says that it has started the kernel, if it says anything.
    pub(super) kexec: bool,
    pub(super) free_memory: bool,
    /// The memory of the handover table, if a stub has made one.
    pub(super) table: Option<Vec<u8>>,
    /// Its RT_PROPERTIES table says that there are no services.
    pub(super) denied: bool,
}

impl Left {
    /// The state after firmware has started.
    pub(super) fn new(regions: Vec<Region>) -> Self {
        Self {
            regions,
            kexec: false,
            free_memory: true,
            table: None,
            denied: false,
        }
    }

    /// Passes the state to `kernel`. On arm64, kexec leaves no trace of its own.
    pub(super) fn kexec(&mut self, arch: Arch, kernel: &Kernel) {
        if arch == Arch::X86 {
            (self.kexec, self.free_memory) = match kernel.loader {
                _ if kernel.is_stock() => (true, false),
                Loader::Tells => (true, true),
                Loader::Silent if self.used() => (false, true),
                Loader::PassesLess | Loader::Silent => (false, false),
            };
        }
    }

    pub(super) fn make_table(&mut self) {
        self.table = Some(blank(SLOT_SIZE));
    }

    /// Records the stub's SVAM state.
    pub(super) fn record(&mut self, kind: Option<Kind>, svam: Svam, status: u64) {
        let Some(bytes) = &mut self.table else {
            return;
        };
        let reason = StubReason::Default as u32;
        let kind = kind.map_or(0, |kind| kind as u32);
        for (k, word) in [reason, kind, svam as u32].into_iter().enumerate() {
            let at = STUB_OFFSET + 4 * k;
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        let at = STUB_OFFSET + 16;
        bytes[at..at + 8].copy_from_slice(&status.to_le_bytes());
    }

    /// Reads the recorded state as a kernel does.
    pub(super) fn recorded(&self) -> Option<Stub> {
        stub(self.table.as_ref()?)
    }

    fn table(&self) -> Option<Table<'_>> {
        Some(table(self.table.as_ref()?).unwrap())
    }

    /// Tells if a kernel has used the table.
    pub(super) fn used(&self) -> bool {
        self.table().is_some_and(|table| table.used())
    }

    pub(super) fn latch(&self) -> Latch {
        self.table().map_or(Latch::Clear, |table| table.latch())
    }

    pub(super) fn leave_mark(&mut self) {
        self.set(USED_OFFSET, 1);
    }

    /// The number of kernels that have passed firmware on.
    pub(super) fn passed(&self) -> u32 {
        self.table().map_or(0, |table| table.passed())
    }

    pub(super) fn pass_on(&mut self) {
        self.set(PASSED_OFFSET, self.passed() as u8 + 1);
    }

    pub(super) fn record_fault(&mut self) {
        self.set(FAULTED_OFFSET, 1);
        self.deny();
    }

    pub(super) fn deny(&mut self) {
        self.denied = self.table.is_some();
    }

    fn set(&mut self, offset: usize, value: u8) {
        if let Some(bytes) = &mut self.table {
            bytes[offset] = value;
        }
    }

    /// Describes a map with `regions` to the next kernel.
    pub(super) fn publish(&mut self, generation: u32, kind: Kind, svam: Svam, regions: &[Region]) {
        self.denied = false;
        let Some(bytes) = &mut self.table else {
            return;
        };
        let snapshot = Snapshot {
            generation,
            kind,
            svam,
            svam_generation: None,
            forward_cfg: false,
            // There is no memory attributes table here.
            writable_code: true,
            identity: IDENTITY,
            runtime: regions[0].phys.start(),
            config: regions[0].phys.start(),
            vendor: regions[0].phys.start(),
        };
        let mut buffer = vec![BLANK_ENTRY; regions.len()];
        let mut entries = List::new(&mut buffer);
        split(regions, &[], Basis::Table, &mut entries).unwrap();
        let slot = table(bytes).unwrap().current(crc32, |_| ()).unwrap();
        let (id, sequence) = slot.map_or((SlotId::First, 1), |slot| {
            (slot.id.other(), slot.sequence() + 1)
        });
        write(bytes, id, sequence, &(snapshot, entries.to_vec()));
        self.set(FAULTED_OFFSET, 0);
        self.set(PASSED_OFFSET, 0);
    }

    /// The content of the table. The regions are those of the table if a kernel with `space` can
    /// use it.
    pub(super) fn found(&self, space: &AddressSpace) -> Option<(Snapshot, Option<Vec<Region>>)> {
        let table = self.table()?;
        let slot = table.current(crc32, |_| ()).unwrap()?;
        let snapshot = slot.snapshot(&IDENTITY).unwrap();
        let mut regions = self.regions.clone();
        let mut buffer = vec![BLANK_ENTRY; regions.len()];
        let mut entries = List::new(&mut buffer);
        let usable = entries_of(&slot, &snapshot, space, &mut entries)
            .and_then(|()| place(&mut regions, &entries));
        Some((snapshot, usable.ok().map(|()| regions)))
    }
}
