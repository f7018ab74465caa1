// SPDX-License-Identifier: GPL-2.0

//! A handover table for people and tools: all that its bytes say, read by the kernel's own decoder.
//!
//! A kernel compares the map with firmware's memory map too. This module has no such map.

extern crate alloc;

mod refusal;
#[cfg(test)]
mod tests;

use crate::{
    crc32,
    plan::{
        base::{
            addr::PhysAddr,
            bytes::{
                field,
                u32_at, //
            },
        },
        firmware::service::{
            self,
            Services, //
        },
        handover::{
            format::{
                TableHeader,
                TableSlot, //
            },
            frame::Frame,
            properties,
            slot::{
                Slot,
                SlotId, //
            },
            stub::{
                stub,
                Nonce, //
            },
            table::Table,
            wire::{
                Identity,
                CALL_SERVICE_OFFSET,
                FAULTED_OFFSET,
                HEADER_SIZE,
                SLOT_HEADER_SIZE, //
            },
        },
        map::entry,
    },
};
use alloc::{
    format,
    string::{
        String,
        ToString, //
    },
    vec::Vec,
};

pub use refusal::Refusal;

/// All that a table says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dump {
    /// Bytes of the table.
    pub size: usize,
    /// A kernel has taken the table over, or called firmware.
    pub used: bool,
    /// Calls of firmware since it was started.
    pub calls: u32,
    /// The call in progress.
    pub in_progress: Option<String>,
    /// The call in which firmware has failed.
    pub faulted: Option<String>,
    /// Services that firmware says it has. [`None`] if the stub could not install RT_PROPERTIES.
    pub supported: Option<Vec<&'static str>>,
    /// Services whose pointers lead to no code.
    pub services_off: Vec<&'static str>,
    /// Services in which firmware was stopped in user mode, and those that went off with them.
    pub failed: Vec<&'static str>,
    /// Privileges that firmware has got in user mode, as words of the architecture.
    pub allowed: Vec<u32>,
    /// Kernels since the last slot that have called no firmware.
    pub passed: u32,
    /// The firmware's life.
    pub nonce: Option<[u64; 2]>,
    /// The stub's decision on SVAM, where it is the stub's.
    pub stub: Option<StubChoice>,
    pub slots: [Written; 2],
    /// The slot that the next kernel uses, by its index.
    pub current: Option<usize>,
}

/// The decision of an EFI stub that calls SVAM itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StubChoice {
    /// [`None`] if no kind fits.
    pub kind: Option<&'static str>,
    pub svam: &'static str,
    /// The status that SVAM returned, if it failed.
    pub status: Option<u64>,
}

/// The state of a slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Written {
    Never,
    /// A kernel would refuse it.
    Damaged(Refusal),
    Whole(Message),
}

/// The message of one kernel to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    pub sequence: u32,
    pub generation: u32,
    pub kind: &'static str,
    pub svam: &'static str,
    /// The generation that called SVAM, if one is known to have.
    pub svam_generation: Option<u32>,
    pub writable_code: bool,
    pub forward_cfg: bool,
    /// Address of the EFI system table.
    pub systab: u64,
    /// Address of the runtime services table.
    pub runtime: u64,
    /// `FirmwareRevision` of the system table.
    pub revision: u32,
    pub entries: Vec<Entry>,
}

/// A range of memory with one set of rights.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub phys: u64,
    pub virt: u64,
    pub pages: u64,
    pub attributes: u64,
    /// The number of the memory's type.
    pub ty: u32,
    /// `r--`, `rw-`, `r-x` or `rwx`.
    pub rights: String,
}

impl Dump {
    /// Reads the table at the start of `bytes`.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] if this is no table, or only a part of one.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let (frame, table) = table(bytes)?;
        let header = table.header;
        let slots = [SlotId::First, SlotId::Second].map(|id| written(&frame, &table, id));
        let stub = stub(header).map(|stub| StubChoice {
            kind: stub.kind.map(|kind| kind.name()),
            svam: stub.svam().name(),
            status: stub.answer.and_then(Result::err),
        });
        let supported = properties::supported(header).map(Services::from_bits);
        let allowed = table.allowed().0.into_iter().filter(|&word| word != 0);
        Ok(Self {
            size: frame.size(),
            used: table.used(),
            calls: u32::from_le_bytes(field!(header, TableHeader, call_count)),
            in_progress: call_at(header, CALL_SERVICE_OFFSET),
            faulted: call_at(header, FAULTED_OFFSET),
            supported: supported.map(names),
            services_off: names(table.services_off()),
            failed: names(table.failed()),
            allowed: allowed.collect(),
            passed: table.passed(),
            nonce: Nonce::of_table(header).map(Nonce::words),
            stub,
            slots,
            current: current(&table),
        })
    }

    /// The message that the next kernel reads. [`None`] if no kernel has written one.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] of the slot that would count, if the next kernel would use none.
    pub fn message(&self) -> Result<Option<&Message>, &Refusal> {
        let counting = self.current.map(|index| &self.slots[index]);
        match counting {
            Some(Written::Whole(message)) => Ok(Some(message)),
            Some(Written::Damaged(refusal)) => Err(refusal),
            Some(Written::Never) => Ok(None),
            None => self.damage().map_or(Ok(None), Err),
        }
    }

    /// The damage of a slot.
    pub fn damage(&self) -> Option<&Refusal> {
        self.slots.iter().find_map(|slot| match slot {
            Written::Damaged(refusal) => Some(refusal),
            Written::Never | Written::Whole(_) => None,
        })
    }
}

/// The table at the start of `bytes`, as much of it as a kernel reads, with its frame.
pub(crate) fn table(bytes: &[u8]) -> Result<(Frame, Table<'_>), Refusal> {
    let header: &[u8; HEADER_SIZE] = bytes
        .first_chunk()
        .ok_or_else(|| Refusal::end(bytes, "header of a", HEADER_SIZE))?;
    let frame = Frame::of(header).map_err(|error| Refusal::of_table(&error))?;
    let whole = bytes
        .get(..frame.size())
        .ok_or_else(|| Refusal::end(bytes, "whole", frame.size()))?;
    let slots = [SlotId::First, SlotId::Second].map(|id| {
        let slot = whole.get(frame.slot(id)).unwrap_or_default();
        let used = slot.first_chunk().map_or(0, |header| frame.in_use(header));
        slot.get(..used).unwrap_or_default()
    });
    Ok((frame, Table { header, slots }))
}

/// The index of the slot that a kernel reads.
fn current(table: &Table<'_>) -> Option<usize> {
    let slot = table.current(crc32, |_| ()).ok()??;
    Some(index(slot.id))
}

fn index(id: SlotId) -> usize {
    match id {
        SlotId::First => 0,
        SlotId::Second => 1,
    }
}

/// Reads one slot, whether it counts or not.
fn written(frame: &Frame, table: &Table<'_>, id: SlotId) -> Written {
    let start = frame.slot(id).start;
    let bytes = table.slots[index(id)];
    // A table whose only slot is this one.
    let alone = Table {
        header: table.header,
        slots: [bytes, &[0; SLOT_HEADER_SIZE]],
    };
    let slot = match alone.current(crc32, |_| ()) {
        Ok(Some(slot)) => slot,
        Ok(None) => return Written::Never,
        Err(error) => return Written::Damaged(Refusal::of_table(&error).within(start)),
    };
    let Some(header) = bytes.first_chunk::<SLOT_HEADER_SIZE>() else {
        return Written::Never;
    };
    // Any firmware will do: this module knows no other mark of it.
    let identity = Identity {
        systab: PhysAddr::new(u64::from_le_bytes(field!(header, TableSlot, systab))),
        revision: u32::from_le_bytes(field!(header, TableSlot, fw_revision)),
        vendor_crc: u32::from_le_bytes(field!(header, TableSlot, vendor_crc)),
    };
    let snapshot = match slot.snapshot(&identity) {
        Ok(snapshot) => snapshot,
        Err(error) => return Written::Damaged(Refusal::of_slot(&error).within(start)),
    };
    let entries = match entries(header, &slot) {
        Ok(entries) => entries,
        Err(refusal) => return Written::Damaged(refusal.within(start)),
    };
    Written::Whole(Message {
        sequence: slot.sequence(),
        generation: snapshot.generation,
        kind: snapshot.kind.name(),
        svam: snapshot.svam.name(),
        svam_generation: snapshot.svam_generation,
        writable_code: snapshot.writable_code,
        forward_cfg: snapshot.forward_cfg,
        systab: identity.systab.value(),
        runtime: snapshot.runtime.value(),
        revision: identity.revision,
        entries,
    })
}

/// The entries of a slot that begins with `header`. An offset of a refusal is one in the slot.
fn entries(header: &[u8; SLOT_HEADER_SIZE], slot: &Slot<'_>) -> Result<Vec<Entry>, Refusal> {
    let entries = slot.entries().map_err(|error| Refusal::of_slot(&error))?;
    let word = |bytes: [u8; 4]| usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
    let offset = word(field!(header, TableSlot, entry_offset));
    let step = word(field!(header, TableSlot, entry_size));
    entries
        .enumerate()
        .map(|(number, entry)| match entry {
            Ok(entry) => Ok(shown(&entry)),
            // The decoder has found that the entries lie within the slot.
            Err(error) => Err(Refusal::of_slot(&error).within(offset + number * step)),
        })
        .collect()
}

fn shown(entry: &entry::Entry) -> Entry {
    Entry {
        phys: entry.phys.start().value(),
        virt: entry.virt.value(),
        pages: entry.phys.pages().count(),
        attributes: entry.attributes.0,
        ty: entry.ty.0,
        rights: entry.permission.to_string(),
    }
}

/// The name of the call that is marked at `offset`, or [`None`] if no call is.
fn call_at(header: &[u8; HEADER_SIZE], offset: usize) -> Option<String> {
    let mark = u32_at(header, offset).filter(|&mark| mark != 0)?;
    Some(match service::marked(mark) {
        Some(name) => name.into(),
        None => format!("service {mark}"),
    })
}

fn names(services: Services) -> Vec<&'static str> {
    services.called().map(|service| service.name).collect()
}
