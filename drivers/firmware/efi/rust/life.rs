// SPDX-License-Identifier: GPL-2.0

//! The life of the firmware, which ends where the machine is reset. A kernel that sleeps on disk wakes
//! up in another one.

use crate::{
    call,
    ffi::{
        self,
        FirmwareMemory,
        Mapped, //
    },
    handover::refuse,
    plan::{
        base::kind::Kind,
        firmware::{
            owner::BootServices,
            service, //
        },
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
    state, //
};
use kernel::prelude::*;

/// The table by which this life is told from others, in memory of the firmware's.
pub(crate) struct Mark {
    mapped: Mapped,
    life: Life,
}

impl Mark {
    /// Opens the table, if the first kernel's stub has installed one. A reason why it cannot be used
    /// is printed.
    pub(crate) fn open(memory: &FirmwareMemory) -> Option<Self> {
        let place = memory.find(ffi::life_table()?, LIFE_SIZE, BootServices::Gone);
        let mapped = Mapped::new(&place.map_err(refuse).ok()?).ok()?;
        let life = read(&mapped)?;
        Some(Self { mapped, life })
    }

    pub(crate) fn nonce(&self) -> Option<Nonce> {
        self.life.nonce
    }

    /// Notes by which addresses firmware goes, for a kernel that wakes up in this life.
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

    fn awakening(&self) -> Awakening {
        read(&self.mapped).map_or(Awakening::OtherAddresses, |now| self.life.awakening(now))
    }
}

/// Looks at firmware after sleep, in which it may have been started anew. Returns whether it can be
/// called as before.
pub(crate) fn resume() -> bool {
    let Some(map) = state::map() else { return true };
    let Some(mark) = &map.mark else { return true };
    match mark.awakening() {
        Awakening::SameLife => true,
        Awakening::SameAddresses(nonce) => {
            pr_info!("firmware was started anew, and has the addresses that it had\n");
            if let Some(table) = &map.table {
                table.renew(nonce);
            }
            true
        }
        Awakening::OtherAddresses => {
            pr_err!("firmware was started anew, by a kernel with another map: services are off\n");
            call::hung(service::MARK_SVAM);
            false
        }
    }
}

fn read(mapped: &Mapped) -> Option<Life> {
    let mut bytes = [0; LIFE_SIZE];
    mapped.read(0, &mut bytes);
    Life::read(&bytes)
}
