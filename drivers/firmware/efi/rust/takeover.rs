// SPDX-License-Identifier: GPL-2.0

//! The take-over: the one moment at boot when the map is decided upon and built.

use crate::{
    arch,
    ffi,
    firmware::Firmware,
    handover::{
        Found,
        Inherited,
        Memory, //
    },
    plan::{
        addr::PhysAddr,
        decide::{
            decide,
            Decision,
            Facts,
            Off,
            Predecessor,
            Reason,
            Svam, //
        },
        entry::{
            split,
            Entry, //
        },
        inherit::{
            check_pointers,
            legacy_kind,
            place,
            InheritError, //
        },
        layout::{
            AddressSpace,
            LayoutError, //
        },
        list::{
            Full,
            List, //
        },
        memattr::{
            self,
            Header,
            Piece, //
        },
        memmap::{
            self,
            MapError,
            MemoryMap, //
        },
        region::{
            collect,
            Region,
            RegionError, //
        },
        request::{
            Kind,
            Request, //
        },
        wire::Snapshot, //
    },
    state::{
        Life,
        Map,
        Origin, //
    },
    tables, //
};
use core::fmt;
use kernel::{
    alloc::AllocError,
    prelude::*, //
};

/// The kind for firmware that nothing is known about.
const DEFAULT_KIND: Kind = if cfg!(CONFIG_EFI_RTMAP_DEFAULT_PHYS) {
    Kind::Phys
} else if cfg!(CONFIG_EFI_RTMAP_DEFAULT_IDENT) {
    Kind::Ident
} else if cfg!(CONFIG_EFI_RTMAP_DEFAULT_FIXED) {
    Kind::Fixed
} else {
    arch::DEFAULT_KIND
};

/// Why the kernel goes without runtime services.
pub(crate) enum Failure {
    Off(Off),
    Map(MapError),
    Regions(RegionError),
    Layout(LayoutError),
    Inherit(InheritError),
    TooManyEntries,
    Kernel(Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off(off) => off.fmt(f),
            Self::Map(error) => error.fmt(f),
            Self::Regions(error) => error.fmt(f),
            Self::Layout(error) => error.fmt(f),
            Self::Inherit(error) => error.fmt(f),
            Self::TooManyEntries => f.write_str("the memory attributes table has too many entries"),
            Self::Kernel(error) => write!(f, "the kernel could not build the map: {error:?}"),
        }
    }
}

macro_rules! impl_from {
    ($($variant:ident($error:ty)),* $(,)?) => {
        $(
            impl From<$error> for Failure {
                fn from(error: $error) -> Self {
                    Self::$variant(error)
                }
            }
        )*
    };
}

impl_from!(
    Map(MapError),
    Regions(RegionError),
    Layout(LayoutError),
    Inherit(InheritError),
    Kernel(Error),
);

impl From<AllocError> for Failure {
    fn from(_: AllocError) -> Self {
        Self::Kernel(ENOMEM)
    }
}

impl From<Full> for Failure {
    fn from(_: Full) -> Self {
        Self::TooManyEntries
    }
}

/// Decides upon a map for the firmware whose system table is at `systab`, builds it and publishes
/// it. [`None`] leaves everything to C.
///
/// # Errors
///
/// The reason why the kernel must do without runtime services.
pub(crate) fn run(request: Request, systab: PhysAddr) -> Result<Option<Map>, Failure> {
    let firmware = Firmware::read(systab)?;
    let map = firmware.map()?;
    let space = arch::address_space();
    let mut table = ffi::table_address().and_then(|address| Memory::open(address).ok());
    let found = match &mut table {
        Some(table) => table.look(&firmware, &map, &space)?,
        None => Found::default(),
    };
    let fresh = !found.written && !firmware.kexec && map.has_free_memory();
    let mut regions = regions_of(&map, fresh)?;
    let predecessor = match &found.inherited {
        Some(Inherited { snapshot, .. }) => Predecessor::Handover {
            kind: snapshot.kind,
        },
        None if fresh => Predecessor::None,
        None => legacy(&regions, &space),
    };

    let decision = decide(&Facts {
        request,
        predecessor,
        latch: found.latch,
        mixed: firmware.mixed,
        svam_supported: firmware.svam_supported,
        quirk: None,
        default: DEFAULT_KIND,
        identity_fits: regions
            .iter()
            .try_for_each(|region| space.check_identity(&region.phys)),
        // Only a fresh layout may change addresses, and it is made anew below.
        fixed_fits: if fresh {
            space.lay_out_fixed(&mut regions)
        } else {
            Ok(())
        },
    });
    let plan = Plan {
        firmware: &firmware,
        space,
        table,
        regions,
    };
    match decision {
        Decision::Decline => Ok(None),
        Decision::ServicesOff(off) => Err(Failure::Off(off)),
        Decision::Fresh {
            kind,
            reason,
            refused,
        } => {
            if let Some(refused) = refused {
                pr_warn!("{} refused: {}\n", refused.name(), format_args!("{reason}"));
            }
            plan.make(kind, reason).map(Some)
        }
        Decision::Reuse {
            kind,
            reason,
            refused,
        } => {
            if let Some(refused) = refused {
                pr_warn!(
                    "{} refused: the firmware runs with {} since an earlier kernel\n",
                    refused.name(),
                    kind.name()
                );
            }
            plan.reuse(kind, reason, found.inherited).map(Some)
        }
    }
}

fn regions_of(map: &MemoryMap<'_>, boot_services: bool) -> Result<KVVec<Region>, Failure> {
    let mut buffer = KVVec::from_elem(Region::BLANK, map.iter().count(), GFP_KERNEL)?;
    let mut regions = List::new(&mut buffer);
    collect(map, boot_services, &mut regions)?;
    let count = regions.len();
    buffer.truncate(count);
    Ok(buffer)
}

/// What a kernel without handover table has left in the memory map, as far as it can be told.
fn legacy(regions: &[Region], space: &AddressSpace) -> Predecessor {
    match legacy_kind(regions, space) {
        Ok(kind) => Predecessor::Legacy { kind },
        Err(error) => {
            pr_warn!(
                "memory map of an earlier kernel: {}\n",
                format_args!("{error}")
            );
            Predecessor::Unproven
        }
    }
}

/// What is needed to carry a decision out.
struct Plan<'a> {
    firmware: &'a Firmware,
    space: AddressSpace,
    table: Option<Memory>,
    regions: KVVec<Region>,
}

impl Plan<'_> {
    /// Makes a map of `kind`, and calls SVAM unless it is [`Kind::Phys`].
    fn make(mut self, mut kind: Kind, mut reason: Reason) -> Result<Map, Failure> {
        self.lay_out(kind)?;
        ffi::alloc_tables()?;
        tables::map_for_svam(&self.regions)?;
        self.install_memory_map()?;
        ffi::finish_tables()?;

        let mut svam = Svam::after(kind);
        if kind != Kind::Phys {
            // SAFETY: The decision was fresh, so no kernel has called SVAM, and this is the only
            // place that does. The lines above have mapped everything, and boot services memory
            // is released below.
            let called = unsafe { ffi::set_virtual_address_map(self.firmware.identity.systab) };
            if let Err(status) = called {
                // Firmware is physical still.
                tables::unmap_layout(&self.regions)?;
                (kind, svam, reason) = (Kind::Phys, Svam::Failed, Reason::SvamFailed(status));
                self.lay_out(kind)?;
                ffi::rewrite_memory_map(|bytes| self.encode(bytes))?;
            }
        }
        tables::end_boot_services(&self.regions)?;
        ffi::release_boot_services();

        let (entries, forward_cfg) = self.entries()?;
        tables::map(&entries)?;
        self.regions.retain(|region| !region.is_temporary());
        let life = Life {
            origin: Origin::Fresh,
            generation: 0,
            svam,
            svam_generation: (kind != Kind::Phys || svam == Svam::Failed).then_some(0),
        };
        // SVAM does not move the table, only its address in the system table.
        let runtime = PhysAddr::new(self.firmware.runtime.value());
        self.publish(kind, reason, life, &entries, runtime, forward_cfg)
    }

    /// Installs the map that an earlier kernel has made.
    fn reuse(
        mut self,
        kind: Kind,
        reason: Reason,
        inherited: Option<Inherited>,
    ) -> Result<Map, Failure> {
        let (life, entries, runtime, forward_cfg) = match inherited {
            Some(Inherited {
                snapshot, entries, ..
            }) => {
                place(&mut self.regions, &entries)?;
                let life = Life {
                    origin: Origin::Handover,
                    generation: snapshot.generation.saturating_add(1),
                    svam: snapshot.svam,
                    svam_generation: snapshot.svam_generation,
                };
                (life, entries, snapshot.runtime, snapshot.forward_cfg)
            }
            None => {
                let (entries, _) = self.entries()?;
                let life = Life {
                    origin: Origin::Legacy,
                    // At least: kernels without handover table do not count.
                    generation: 1,
                    svam: if kind == Kind::Fixed {
                        Svam::CalledFixed
                    } else {
                        Svam::Unknown
                    },
                    svam_generation: None,
                };
                let runtime = self.firmware.runtime_phys(&self.regions).ok_or(
                    InheritError::NotExecutable("runtime services table", self.firmware.runtime),
                )?;
                (life, entries, runtime, false)
            }
        };
        ffi::alloc_tables()?;
        tables::map(&entries)?;
        self.install_memory_map()?;
        ffi::finish_tables()?;
        self.publish(kind, reason, life, &entries, runtime, forward_cfg)
    }

    fn lay_out(&mut self, kind: Kind) -> Result<(), LayoutError> {
        if kind.is_identity() {
            self.space.lay_out_identity(&mut self.regions)
        } else {
            self.space.lay_out_fixed(&mut self.regions)
        }
    }

    /// Makes the regions the kernel's memory map: what SVAM is called with, and what sysfs and
    /// both kexec system calls pass on.
    fn install_memory_map(&self) -> Result {
        let size = self
            .regions
            .len()
            .checked_mul(self.firmware.desc_size())
            .ok_or(EOVERFLOW)?;
        ffi::new_memory_map(size, |bytes| self.encode(bytes))
    }

    fn encode(&self, bytes: &mut [u8]) -> Result {
        memmap::encode(&self.regions, self.firmware.desc_size(), bytes)
            .map(|_| ())
            .ok_or(EINVAL)
    }

    /// Splits the regions by what the memory attributes table says, if there is one. Also tells
    /// whether control flow checks may stay on.
    fn entries(&self) -> Result<(KVVec<Entry>, bool), Failure> {
        let table = self.firmware.attributes();
        let header = table.as_deref().and_then(|bytes| Header::new(bytes).ok());
        let count = header.map_or(0, |header| header.entries());
        let mut pieces = KVVec::from_elem(Piece::BLANK, count, GFP_KERNEL)?;
        let mut pieces = List::new(&mut pieces);
        if let Some(bytes) = &table {
            match memattr::pieces(bytes, &self.regions, &mut pieces) {
                Ok(0) => (),
                Ok(ignored) => pr_warn!("memory attributes table: {ignored} entries passed over\n"),
                Err(error) => pr_warn!("memory attributes table: {}\n", format_args!("{error}")),
            }
        }
        let most = 2 * (count + self.regions.len());
        let mut buffer = KVVec::from_elem(Entry::BLANK, most, GFP_KERNEL)?;
        let mut entries = List::new(&mut buffer);
        split(&self.regions, &pieces, &mut entries)?;
        let count = entries.len();
        buffer.truncate(count);
        Ok((buffer, header.is_some_and(|header| header.forward_cfg())))
    }

    /// Checks that firmware's pointers lie in the map, and tells the next kernel of it.
    fn publish(
        mut self,
        kind: Kind,
        reason: Reason,
        life: Life,
        entries: &[Entry],
        runtime: PhysAddr,
        forward_cfg: bool,
    ) -> Result<Map, Failure> {
        check_pointers(entries, runtime, Firmware::get_time(runtime)?)?;
        let snapshot = Snapshot {
            generation: life.generation,
            kind,
            svam: life.svam,
            svam_generation: life.svam_generation,
            faulted: false,
            forward_cfg,
            writable_code: entries
                .iter()
                .any(|entry| entry.permission.writes() && entry.permission.executes()),
            identity: self.firmware.identity,
            runtime,
            config: self.firmware.config,
            vendor: self.firmware.vendor,
        };
        if let Some(table) = &mut self.table {
            if let Err(error) = table.publish(&snapshot, entries) {
                pr_warn!("handover table: not written: {error:?}\n");
            }
        }
        Ok(Map {
            kind,
            reason,
            life,
            forward_cfg,
            regions: self.regions,
            table: self.table,
        })
    }
}
