// SPDX-License-Identifier: GPL-2.0
//! The messages between the lab and the hostile firmware driver.
//!
//! The driver finds its [`Orders`] as a file of the machine's fw_cfg device, encoded by `postcard`.
//! It answers with one JSON object per line. Each is an [`Event`]. The lines go to the debug port
//! of x86, and through semihosting on arm64.

#![no_std]
#![forbid(unsafe_code)]

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Name of the orders among the machine's fw_cfg files.
pub const FW_CFG_NAME: &str = "opt/efi-rtmap/orders";
/// The largest size of orders in bytes.
pub const MAX_SIZE: usize = 1024;
/// The largest number of faults in one order.
pub const MAX_FAULTS: usize = 8;
/// The guest sets this variable, of [`VENDOR_GUID`], to the number of its generation in two bytes.
/// It does so before any other call.
pub const GENERATION_VARIABLE: &str = "RtmapGeneration";
/// The GUID of the variables that the lab's guests write.
pub const VENDOR_GUID: &str = "6b6f1c4e-2a0d-4f53-9a51-72746d617031";

/// The start of these variables' names. The first guest on a machine writes the one that ends with
/// `00`.
pub const VARIABLE_PREFIX: &str = "RtmapLab";

/// All orders to the driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    pub faults: Vec<Fault, MAX_FAULTS>,
}

impl Orders {
    /// Returns None if there are too many faults.
    pub fn new(faults: &[Fault]) -> Option<Self> {
        Some(Self {
            faults: Vec::from_slice(faults).ok()?,
        })
    }
}

/// One misbehaviour and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    pub what: What,
    /// The service in whose calls the misbehaviour happens, if it happens in calls.
    #[serde(default = "Service::default")]
    pub service: Service,
    /// The first generation of the misbehaviour, as [`GENERATION_VARIABLE`] counts. Calls belong to
    /// the generation that was announced last, or to 0 before any announcement. Calls before
    /// ExitBootServices() do not count.
    #[serde(default)]
    pub generation: u16,
    /// The number of the call of the service in exactly this generation, from 1. With 0, every call
    /// from this generation on misbehaves.
    #[serde(default)]
    pub call: u32,
    /// A number for misbehaviours that need one.
    #[serde(default)]
    pub count: u16,
}

impl Fault {
    /// The service in whose calls the fault happens, if it happens in calls. Some misbehaviours are
    /// told the service, and some know only one.
    pub const fn in_calls_of(&self) -> Option<Service> {
        match self.what {
            what if what.never_returns() => Some(self.service),
            What::Slow
            | What::MachineStops
            | What::ReadsBootServices
            | What::ReadsPageZero
            | What::UsesPrivilege
            | What::InterruptsOff
            | What::DirectionFlag
            | What::AlignmentCheck
            | What::FpuControl
            | What::Mxcsr
            | What::CalleeSaved
            | What::PlatformRegister => Some(self.service),
            What::SvamUnsupported
            | What::SvamInvalidParameter
            | What::SvamNoMapping
            | What::SvamNotFound
            | What::SvamWarning
            | What::SvamConvertsNothing
            | What::SvamUsesBothMaps
            | What::SvamWritesPageZero
            | What::SvamUsesBootServices
            | What::SvamUsesSimd
            | What::SvamUsesDevice
            | What::BreaksOnSvam
            | What::BreaksOnIdentity => Some(Service::SetVirtualAddressMap),
            What::BufferTooSmall | What::SizeBeyondBuffer => Some(Service::GetVariable),
            What::EndlessNames => Some(Service::GetNextVariableName),
            _ => None,
        }
    }
}

/// The services of the runtime services table, in its order (UEFI 2.10, section 4.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    #[default]
    GetTime,
    SetTime,
    GetWakeupTime,
    SetWakeupTime,
    SetVirtualAddressMap,
    ConvertPointer,
    GetVariable,
    GetNextVariableName,
    SetVariable,
    GetNextHighMonotonicCount,
    ResetSystem,
    UpdateCapsule,
    QueryCapsuleCapabilities,
    QueryVariableInfo,
}

impl Service {
    pub const ALL: [Self; 14] = [
        Self::GetTime,
        Self::SetTime,
        Self::GetWakeupTime,
        Self::SetWakeupTime,
        Self::SetVirtualAddressMap,
        Self::ConvertPointer,
        Self::GetVariable,
        Self::GetNextVariableName,
        Self::SetVariable,
        Self::GetNextHighMonotonicCount,
        Self::ResetSystem,
        Self::UpdateCapsule,
        Self::QueryCapsuleCapabilities,
        Self::QueryVariableInfo,
    ];
}

/// The misbehaviours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    // In a call of the service, SetVirtualAddressMap included.
    /// Reads an address that nothing maps.
    PageFault,
    /// x86: reads a non-canonical address.
    GeneralProtection,
    UndefinedInstruction,
    /// x86: divides by zero.
    DivideError,
    /// int3, or BRK on arm64.
    Breakpoint,
    /// arm64: jumps into the middle of an instruction.
    UnalignedJump,
    /// Never returns.
    Hang,
    /// Takes `count` seconds, and then works normally.
    Slow,
    /// The lab stops the machine for `count` seconds. Some time later, the call continues and works
    /// normally.
    MachineStops,

    // In SetVirtualAddressMap only.
    /// Returns an error and does nothing.
    SvamUnsupported,
    SvamInvalidParameter,
    SvamNoMapping,
    SvamNotFound,
    /// Works normally, and returns a warning.
    SvamWarning,
    /// Returns success and does nothing.
    SvamConvertsNothing,
    /// Reads its own data at the old addresses and at the new ones before it returns.
    SvamUsesBothMaps,
    /// Writes to page 0, as some firmware does.
    SvamWritesPageZero,
    /// Runs code and writes data in boot services memory.
    SvamUsesBootServices,
    /// Computes with vector registers.
    SvamUsesSimd,
    /// arm64: reads a device that is not in a runtime region.
    SvamUsesDevice,

    // The state that SetVirtualAddressMap leaves behind.
    /// A pointer to the driver's data, which each call uses, is not converted.
    KeepsDataPointer,
    /// The pointer to the service in the runtime services table is not converted.
    KeepsServicePointer,
    /// Each call fails as an undefined instruction unless SetVirtualAddressMap has been called.
    NeedsSvam,
    /// SetVirtualAddressMap ends in an undefined instruction, with any addresses.
    BreaksOnSvam,
    /// SetVirtualAddressMap does so if the new addresses are the old ones.
    BreaksOnIdentity,

    // In a call of the service, with lasting effect on memory or the processor.
    /// Reads boot services memory: the driver has kept a pointer to it.
    ReadsBootServices,
    ReadsPageZero,
    /// Executes instructions that need privilege, as firmware of real machines does.
    UsesPrivilege,
    /// Returns with interrupts off.
    InterruptsOff,
    /// x86: returns with the direction flag set.
    DirectionFlag,
    /// x86: returns with the alignment check flag set.
    AlignmentCheck,
    /// x86: returns with another x87 control word.
    FpuControl,
    /// x86: returns with other MXCSR control bits.
    Mxcsr,
    /// Returns with other values in registers that the calling convention preserves.
    CalleeSaved,
    /// arm64: returns with another value in the platform register.
    PlatformRegister,

    // Lies about variables.
    /// GetVariable always returns EFI_BUFFER_TOO_SMALL, and asks for one byte more each time.
    BufferTooSmall,
    /// GetVariable succeeds and says that it has written more bytes than the buffer holds.
    SizeBeyondBuffer,
    /// GetNextVariableName always returns one more name.
    EndlessNames,

    // Lies in the tables, before the first kernel starts.
    /// The pointer to the service is NULL.
    NullPointer,
    /// The pointer to the service points to memory that firmware does not have at run time.
    PointerOutside,
    /// The pointer to the service points to runtime services data.
    PointerToData,
    /// The CRC of the runtime services table is wrong.
    BadCrc,
    /// Runtime services code and data of the driver lack EFI_MEMORY_RUNTIME in the memory map.
    MapWithoutRuntime,
    /// A runtime region begins in the middle of another one.
    MapOverlapping,
    /// One runtime region is listed twice.
    MapDuplicate,
    /// No lie: one runtime region is listed as two, side by side.
    MapSplit,
    /// The runtime regions can be write-protected and made not executable, as in maps before UEFI
    /// 2.5.
    MapCapable,
    /// A runtime region begins in the middle of a page.
    MapUnaligned,
    /// A runtime region without pages.
    MapZeroPages,
    /// A runtime region of 2^52 pages.
    MapHuge,
    /// The runtime regions lack all cacheability bits.
    MapWithoutCacheability,
    /// Page 0 is a runtime region.
    MapAtZero,
    /// No lie: there are `count` more runtime regions at the end of memory. Reserved memory is
    /// between them.
    ManyRegions,
    /// The same, but only after a guest has run on the machine and the machine was reset.
    ManyRegionsLater,
    /// A region of boot services data overlaps the one before it.
    MapBootOverlapping,
    /// No lie: there are `count` more regions of boot services data at the end of memory. Free
    /// memory is between them.
    ScatteredBootServices,
    /// No lie: there are 64 MiB of boot services data, from `count` MiB on.
    BootServicesAt,
    /// No lie: the largest free region is boot services data, except its last `count` MiB.
    BootServicesEverywhere,
    /// No lie: an ESRT with `count` entries is in boot services data. Its firmware has the versions
    /// 1000, 1001 and so on.
    Esrt,
    /// The memory attributes table does not exist.
    AttributesAbsent,
    /// The memory attributes table has version 3.
    AttributesVersion,
    /// The memory attributes table says that it has 65,537 entries.
    AttributesCount,
    /// Two of the table's entries overlap.
    AttributesOverlap,
    /// One of the table's entries goes beyond its region.
    AttributesBeyond,
    /// One of the table's entries is of type data, but in a region of code.
    AttributesType,
    /// One of the table's entries is outside the runtime regions.
    AttributesOutside,
    /// All of the table's entries are read-only and not executable.
    AttributesReadOnly,
    /// None of the table's entries takes any right away.
    AttributesExecutable,
    /// RT_PROPERTIES says that SetVirtualAddressMap is not supported, and a call of it fails.
    PropertiesWithoutSvam,
    /// RT_PROPERTIES says that variable services are not supported, and they do not work.
    PropertiesWithoutVariables,
    /// No lie: the vendor's name ends at the end of its memory, and other memory follows.
    VendorAtEnd,
    /// The same for SMBIOS: for its entry point, and for its structures, which claim to be larger.
    SmbiosAtEnd,
}

impl What {
    /// The lab's name of the only architecture that has this misbehaviour. None if all have it.
    pub const fn only_on(self) -> Option<&'static str> {
        match self {
            Self::GeneralProtection
            | Self::DivideError
            | Self::DirectionFlag
            | Self::AlignmentCheck
            | Self::FpuControl
            | Self::Mxcsr => Some("x86_64"),
            Self::PlatformRegister | Self::SvamUsesDevice | Self::UnalignedJump => Some("arm64"),
            _ => None,
        }
    }

    /// Tells if firmware does not come back from such a call: it faults or hangs.
    pub const fn never_returns(self) -> bool {
        matches!(
            self,
            Self::PageFault
                | Self::GeneralProtection
                | Self::UndefinedInstruction
                | Self::DivideError
                | Self::Breakpoint
                | Self::UnalignedJump
                | Self::Hang
        )
    }
}

/// The driver's observations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The driver has read its orders. Its image begins at this physical address.
    Ready { code: u64, faults: u8 },
    /// SetVirtualAddressMap is called for the `count`th time. From then on, the driver's image at
    /// `phys` is at `virt`, or `virt` is 0 if it is not mapped. The call runs at `pc`. `identity`:
    /// no address changes.
    Svam {
        count: u32,
        phys: u64,
        virt: u64,
        pc: u64,
        identity: bool,
    },
    /// A kernel has announced its generation. SetVariable runs at `pc`.
    Generation { number: u16, pc: u64 },
    /// The first call of a service in this generation runs at `pc`.
    Call {
        service: Service,
        generation: u16,
        pc: u64,
    },
    /// A fault is about to happen. For each fault, a generation reports at most 16.
    Fault {
        what: What,
        service: Service,
        generation: u16,
    },
}
