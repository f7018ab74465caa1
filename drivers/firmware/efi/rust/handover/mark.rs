// SPDX-License-Identifier: GPL-2.0

//! The mark of the firmware's life. The life ends when the machine is reset.

use crate::{
    ffi::{
        self,
        FirmwareMemory,
        Mapped, //
    },
    handover::table_memory::refuse,
    plan::{
        base::kind::Kind,
        firmware::owner::BootServices,
        handover::{
            life::{
                Addresses,
                Awakening,
                Life,
                ADDRESSES_OFFSET,
                LIFE_SIZE, //
            },
            stub::Nonce,
        },
        map::region::Region, //
    },
};

/// The table in firmware's memory that tells this life from others.
pub(crate) struct Mark {
    mapped: Mapped,
    life: Life,
}

impl Mark {
    /// Opens the table, if the first kernel's stub has installed one. If the table cannot be used,
    /// prints the reason.
    pub(crate) fn open(memory: &FirmwareMemory) -> Option<Self> {
        let place = memory.find(ffi::life_table()?, LIFE_SIZE, BootServices::Gone);
        let mapped = Mapped::new(&place.map_err(refuse).ok()?).ok()?;
        let life = read(&mapped)?;
        Some(Self { mapped, life })
    }

    pub(crate) fn nonce(&self) -> Option<Nonce> {
        self.life.nonce
    }

    /// Records the addresses that firmware uses, for a kernel that wakes up in this life.
    pub(crate) fn note(&mut self, kind: Kind, regions: &[Region]) {
        let addresses = Addresses::of(kind, regions);
        if self
            .mapped
            .write(ADDRESSES_OFFSET, &addresses.to_bytes())
            .is_ok()
        {
            self.life.addresses = addresses;
        }
    }

    /// Compares the firmware after sleep with the firmware before it.
    pub(crate) fn awakening(&self) -> Awakening {
        read(&self.mapped).map_or(Awakening::OtherAddresses, |now| self.life.awakening(now))
    }
}

fn read(mapped: &Mapped) -> Option<Life> {
    let mut bytes = [0; LIFE_SIZE];
    mapped.read(0, &mut bytes);
    Life::read(&bytes)
}
