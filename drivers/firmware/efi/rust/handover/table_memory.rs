// SPDX-License-Identifier: GPL-2.0

//! The handover table in memory: what an earlier kernel says, and what we tell the next.

use crate::{
    buffer::filled,
    failure::Failure,
    ffi::{
        self,
        crc32,
        FirmwareMemory,
        Mapped,
        Proven,
        TakeOver, //
    },
    plan::{
        base::kind::Latch,
        choice::fresh,
        firmware::{
            owner::BootServices,
            service::Services, //
        },
        handover::{
            encode::{
                encode,
                header, //
            },
            frame::Frame,
            inherit::entries_of,
            place::place,
            properties::supported,
            refusal::InheritError,
            slot::{
                Slot,
                SlotId, //
            },
            stores::{
                self,
                Failed,
                Store, //
            },
            stub::{
                stub,
                Nonce,
                Stub, //
            },
            table::{
                Allowed,
                Table, //
            },
            wire::{
                Identity,
                Snapshot,
                HEADER_SIZE,
                SLOT_HEADER_SIZE, //
            }, //
        },
        map::{
            entry::Entry,
            layout::AddressSpace,
            region::Region, //
        },
    },
};
use core::fmt;
use kernel::prelude::*;

/// Bytes of nearly all tables: those of the stub that have room for 256 entries.
const USUAL_SIZE: usize = 24 << 10;

/// The memory of the table.
pub(crate) struct TableMemory {
    mapped: Mapped,
    frame: Frame,
    /// The services that firmware supports, if stock kernels go by what this table says of that.
    supported: Option<u32>,
    nonce: Option<Nonce>,
    /// Where the next snapshot goes, and under which number.
    next: (SlotId, u32),
}

/// The past, as the table tells it.
#[derive(Default)]
pub(crate) struct Found {
    /// An earlier kernel has been there, whether or not what it wrote can be used.
    pub(crate) used: bool,
    /// Kernels that have passed on what they have found since.
    pub(crate) passed: u32,
    pub(crate) latch: Latch,
    pub(crate) services_off: Services,
    /// Services that have failed in user mode.
    pub(crate) failed: Services,
    /// The privileges that firmware has got in user mode.
    pub(crate) allowed: Allowed,
    pub(crate) inherited: Option<Inherited>,
    /// The stub's decision on SVAM, where that is the stub's, and what came of it.
    pub(crate) stub: Option<Stub>,
}

/// The map that an earlier kernel handed over, checked.
pub(crate) struct Inherited {
    pub(crate) snapshot: Snapshot,
    pub(crate) entries: KVVec<Entry>,
    /// The regions, where the entries have them.
    pub(crate) regions: KVVec<Region>,
}

impl TableMemory {
    /// Maps a table. `place` gives its memory: so many bytes of it, or as many as there are. Of the
    /// content, only the frame is read.
    ///
    /// # Errors
    ///
    /// The errors of `place`, `ENOMEM` if the memory cannot be mapped, `EINVAL` if it holds no table,
    /// or a larger one; the reason is printed.
    pub(crate) fn open(place: impl Fn(usize) -> Result<Proven>) -> Result<Self> {
        let mut header = [0; HEADER_SIZE];
        let mut mapped = Mapped::new(&place(USUAL_SIZE)?)?;
        mapped.read(0, &mut header);
        let frame = Frame::of(&header).map_err(refuse)?;
        let size = frame.size();
        if size > mapped.size() {
            mapped = Mapped::new(&place(size)?)?;
        }
        let room = mapped.size();
        if size > room {
            return Err(refuse(format_args!(
                "size {size} is more than the {room} bytes that were kept"
            )));
        }
        mapped.truncate(size);
        Ok(Self {
            mapped,
            frame,
            supported: supported(&header),
            nonce: Nonce::of_table(&header),
            next: (SlotId::First, 1),
        })
    }

    /// Opens the table that the first kernel's stub has installed, if there is one.
    pub(crate) fn installed() -> Option<Self> {
        let memory = FirmwareMemory::new().ok()?;
        Self::open_installed(&memory)
    }

    /// The same, given what its memory is proven with.
    pub(crate) fn open_installed(memory: &FirmwareMemory) -> Option<Self> {
        let address = ffi::installed_table()?;
        let place = |size| {
            memory
                .find(address, size, BootServices::Gone)
                .map_err(refuse)
        };
        Self::open(place).ok()
    }

    /// Makes a table with room for `entries`, for Kexec Handover to hand over, in the `life` of the
    /// firmware. [`None`] if that is off.
    ///
    /// # Errors
    ///
    /// `ENOMEM` if it cannot be mapped, `EOVERFLOW` if no table has so much room.
    pub(crate) fn make(
        take_over: &TakeOver,
        life: Option<Nonce>,
        entries: usize,
    ) -> Result<Option<Self>> {
        let (header, frame) = header(entries, life).ok_or(EOVERFLOW)?;
        let Some(place) = ffi::alloc_table(take_over, frame.size()) else {
            return Ok(None);
        };
        let mapped = Mapped::new(&place)?;
        mapped.write(0, &header)?;
        pr_info!(
            "handover table: at {}, for Kexec Handover\n",
            format_args!("{}", place.start())
        );
        Ok(Some(Self {
            mapped,
            frame,
            supported: None,
            nonce: life,
            next: (SlotId::First, 1),
        }))
    }

    /// The verdict on the table: it was made in this `life` of the firmware, or not.
    pub(crate) fn is_of(&self, life: Option<Nonce>) -> fresh::Nonce {
        fresh::Nonce::compare(self.nonce, life)
    }

    /// Reads the map that an earlier kernel handed over, and checks it against the `identity` of
    /// the firmware and the `regions` of its memory map. The reason of a refusal is printed.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn look(
        &mut self,
        identity: &Identity,
        space: &AddressSpace,
        regions: &[Region],
    ) -> Result<Found, Failure> {
        let mut header = [0; HEADER_SIZE];
        self.mapped.read(0, &mut header);
        let (first, second) = (self.slot(SlotId::First)?, self.slot(SlotId::Second)?);
        let table = Table {
            header: &header,
            slots: [&first, &second],
        };
        let damaged = |error| {
            refuse(error);
        };
        let mut found = Found {
            used: true,
            passed: table.passed(),
            latch: table.latch(),
            services_off: table.services_off(),
            failed: table.failed(),
            allowed: table.allowed(),
            inherited: None,
            stub: stub(&header),
        };
        let slot = match table.current(crc32, damaged) {
            Ok(Some(slot)) => slot,
            Ok(None) => {
                found.used = table.used();
                return Ok(found);
            }
            // The log names the error of each slot already.
            Err(_) => return Ok(found),
        };
        self.next = (slot.id.other(), slot.sequence().wrapping_add(1));
        let mut placed = KVVec::with_capacity(regions.len(), GFP_KERNEL)?;
        placed.extend_from_slice(regions, GFP_KERNEL)?;
        match inherit(&slot, identity, space, placed) {
            Ok(inherited) => found.inherited = Some(inherited),
            Err(Failure::Inherit(error)) => {
                refuse(error);
            }
            Err(failure) => return Err(failure),
        }
        Ok(found)
    }

    /// Writes `snapshot`, `entries` and the services that are `off` or have `failed` for the next
    /// kernel, and clears the latch of other failures: who gets here calls the firmware, whatever an
    /// earlier kernel saw.
    ///
    /// # Errors
    ///
    /// `ENOSPC` if there is no room for them; what an earlier kernel wrote is then still there.
    pub(crate) fn publish(
        &mut self,
        snapshot: &Snapshot,
        entries: &[Entry],
        off: Services,
        failed: Failed,
    ) -> Result {
        let (id, sequence) = self.next;
        let length = self.frame.length(entries.len()).ok_or(ENOSPC)?;
        let mut slot = KVVec::from_elem(0, length, GFP_KERNEL)?;
        encode(snapshot, entries, sequence, crc32, &mut slot).ok_or(ENOSPC)?;
        let offset = self.frame.slot(id).start;
        self.perform(stores::publish(&slot, offset, off, failed, self.supported))?;
        self.next = (id.other(), sequence.wrapping_add(1));
        Ok(())
    }

    /// The services that firmware supports, if stock kernels go by what this table says of that.
    pub(crate) fn supported(&self) -> Option<u32> {
        self.supported
    }

    /// Tells if this table can keep stock kernels from calling firmware.
    pub(crate) fn can_deny(&self) -> bool {
        self.supported.is_some()
    }

    /// Makes `stores` in their order.
    ///
    /// # Errors
    ///
    /// `EINVAL` at the first that lies outside of the table; the others are not made.
    pub(super) fn perform<'a>(&self, stores: impl Iterator<Item = Store<'a>>) -> Result {
        for store in stores {
            match store {
                Store::Word(offset, value) => self.mapped.word(offset).ok_or(EINVAL)?.store(value),
                Store::Bytes(offset, bytes) => self.mapped.write(offset, bytes)?,
                Store::Barrier => ffi::write_barrier(),
            }
        }
        Ok(())
    }

    pub(super) fn word(&self, offset: usize) -> u32 {
        self.mapped.word(offset).map_or(0, |word| word.load())
    }

    /// Bytes of the table.
    pub(crate) fn size(&self) -> usize {
        self.mapped.size()
    }

    /// Copies bytes of the table, from `offset` on, and returns how many there were.
    pub(crate) fn read(&self, offset: usize, target: &mut [u8]) -> usize {
        self.mapped.read(offset, target)
    }

    /// Copies a slot, as much of it as is in use.
    fn slot(&self, id: SlotId) -> Result<KVVec<u8>> {
        let start = self.frame.slot(id).start;
        let mut header = [0; SLOT_HEADER_SIZE];
        self.mapped.read(start, &mut header);
        self.mapped.copy(start, self.frame.in_use(&header))
    }
}

/// Checks the map in `slot`. `regions` get their addresses.
fn inherit(
    slot: &Slot<'_>,
    identity: &Identity,
    space: &AddressSpace,
    mut regions: KVVec<Region>,
) -> Result<Inherited, Failure> {
    let snapshot = slot.snapshot(identity).map_err(InheritError::from)?;
    let entries = filled(Entry::BLANK, slot.capacity(), |entries| {
        entries_of(slot, &snapshot, space, entries)
    })?;
    place(&mut regions, &entries)?;
    Ok(Inherited {
        snapshot,
        entries,
        regions,
    })
}

/// Says why something of the table cannot be used.
pub(crate) fn refuse(reason: impl fmt::Display) -> Error {
    pr_warn!("handover table: {}\n", format_args!("{reason}"));
    EINVAL
}
