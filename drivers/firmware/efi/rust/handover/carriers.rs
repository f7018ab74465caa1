// SPDX-License-Identifier: GPL-2.0

//! The memory that carries the handover table: that of the first kernel's EFI stub or, for chains
//! without it, memory that Kexec Handover (KHO) keeps.

use crate::{
    failure::Failure,
    ffi::{
        self,
        Booting,
        FirmwareMemory,
        TakeOver, //
    },
    handover::table_memory::{
        refuse,
        Found,
        TableMemory, //
    },
    plan::{
        base::kind::Latch,
        choice::fresh::Nonce,
        handover::{
            agree::agree,
            stub,
            wire::Identity, //
        },
        map::{
            layout::AddressSpace,
            region::Region, //
        }, //
    },
};
use kernel::prelude::*;

/// The tables there are.
pub(crate) struct Carriers {
    stub: Option<TableMemory>,
    kho: Option<TableMemory>,
    /// There is one, whether or not it can be opened.
    any: bool,
    nonce: Nonce,
}

impl Carriers {
    /// Opens what there is, in the `life` of the firmware. Called once.
    pub(crate) fn open(
        booting: &Booting,
        memory: &FirmwareMemory,
        life: Option<stub::Nonce>,
    ) -> Self {
        let retrieved = ffi::retrieve_table(booting);
        let stub = TableMemory::open_installed(memory);
        let kho = retrieved
            .as_ref()
            .and_then(|place| TableMemory::open(|size| Ok(place.first(size))).ok());
        let nonces = [&stub, &kho].map(|table| Some(table.as_ref()?.is_of(life)));
        let nonce = nonces.into_iter().flatten().reduce(Nonce::join);
        Self {
            stub: stub.filter(|table| is_of_this_life(table, life)),
            kho: kho.filter(|table| is_of_this_life(table, life)),
            any: ffi::installed_table().is_some() || retrieved.is_some(),
            nonce: nonce.unwrap_or(Nonce::Absent),
        }
    }

    /// The verdict on the tables: one that is not of this life of the firmware is as good as none.
    pub(crate) fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The services that firmware supports, if the stub has noted them: a kernel before this one
    /// may have told others that there are none.
    pub(crate) fn supported(&self) -> Option<u32> {
        self.stub.as_ref()?.supported()
    }

    /// Counts this kernel as one that passes on what it has found. Returns whether the tables tell
    /// of a kernel before it, or may.
    pub(crate) fn pass_on(self) -> bool {
        let mut used = self.nonce == Nonce::Differs;
        for table in [&self.stub, &self.kho].into_iter().flatten() {
            used |= table.pass_on();
        }
        used || (self.any && self.stub.is_none() && self.kho.is_none())
    }

    /// Says which table to go on with, if there is one, and what earlier kernels tell. The
    /// arguments behind the first are those of [`TableMemory::look`]. The mark of use is left in
    /// the table.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if two tables say different things: nobody knows which is right. And `ENOMEM`.
    pub(crate) fn look(
        self,
        take_over: &TakeOver,
        identity: &Identity,
        space: &AddressSpace,
        regions: &[Region],
    ) -> Result<(Option<TableMemory>, Found), Failure> {
        let look = |table: &mut TableMemory| {
            let found = table.look(identity, space, regions);
            table.leave_mark();
            found
        };
        match (self.stub, self.kho) {
            (None, None) => {
                // One that cannot be opened may have been used: it proves nothing.
                let used = self.any;
                let nothing = Found::default();
                Ok((None, Found { used, ..nothing }))
            }
            (Some(mut table), None) | (None, Some(mut table)) => {
                let found = look(&mut table)?;
                Ok((Some(table), found))
            }
            // An earlier kernel could not open the one that the stub has made. Both are right,
            // then, or none is.
            (Some(mut table), Some(mut other)) => {
                let found = join(look(&mut table)?, look(&mut other)?)?;
                drop(other);
                ffi::drop_table(take_over);
                Ok((Some(table), found))
            }
        }
    }
}

fn is_of_this_life(table: &TableMemory, life: Option<stub::Nonce>) -> bool {
    let agrees = table.is_of(life) != Nonce::Differs;
    if !agrees {
        refuse("it was made in another life of the firmware");
    }
    agrees
}

/// Keeps successors that do not know the handover table from calling firmware. Returns whether it
/// has a way to.
pub(crate) fn deny_services() -> bool {
    let Some(table) = TableMemory::installed() else {
        return false;
    };
    table.deny_services();
    table.can_deny()
}

/// Joins the content of two tables.
fn join(first: Found, second: Found) -> Result<Found, Failure> {
    if let (Some(first), Some(second)) = (&first.inherited, &second.inherited) {
        agree(&first.regions, &second.regions)?;
    }
    Ok(Found {
        used: true,
        passed: first.passed.max(second.passed),
        latch: match first.latch {
            Latch::Clear => second.latch,
            latch => latch,
        },
        services_off: first.services_off.with(second.services_off),
        failed: first.failed.with(second.failed),
        allowed: first.allowed.union(second.allowed),
        inherited: first.inherited.or(second.inherited),
        stub: first.stub.or(second.stub),
    })
}
