// SPDX-License-Identifier: GPL-2.0
//! What the lab and the hostile firmware driver say to each other.
//!
//! The driver finds its [`Orders`] as a file of the machine's fw_cfg device, encoded by `postcard`.
//! It answers with one JSON object per line, an [`Event`] each: on the debug port of x86, through
//! semihosting on arm64.

#![no_std]
#![forbid(unsafe_code)]

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Name of the orders among the machine's fw_cfg files.
pub const FW_CFG_NAME: &str = "opt/efi-rtmap/orders";
/// The most bytes that orders take.
pub const MAX_SIZE: usize = 1024;
/// The most faults at once.
pub const MAX_FAULTS: usize = 8;
/// The guest sets this variable, of [`VENDOR_GUID`], to the number of its generation, two bytes, before
/// it makes any other call.
pub const GENERATION_VARIABLE: &str = "RtmapGeneration";
/// Of the variables that the lab's guests write.
pub const VENDOR_GUID: &str = "6b6f1c4e-2a0d-4f53-9a51-72746d617031";

/// How the names of these variables begin; the first guest on a machine writes the one that ends with
/// `00`.
pub const VARIABLE_PREFIX: &str = "RtmapLab";

/// Everything that the driver is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    pub faults: Vec<Fault, MAX_FAULTS>,
}

impl Orders {
    /// None: there are too many.
    pub fn new(faults: &[Fault]) -> Option<Self> {
        Some(Self {
            faults: Vec::from_slice(faults).ok()?,
        })
    }
}

/// One misbehaviour, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    pub what: What,
    /// In calls of which service, for a misbehaviour that happens in one.
    #[serde(default = "Service::default")]
    pub service: Service,
    /// From which generation on, as [`GENERATION_VARIABLE`] counts. Calls belong to the generation that
    /// was announced last, to 0 before any was; those before ExitBootServices() do not count.
    #[serde(default)]
    pub generation: u16,
    /// In which call of the service in that very generation, counted from 1; 0: in every one from that
    /// generation on.
    #[serde(default)]
    pub call: u32,
    /// How many, of what is ordered by number.
    #[serde(default)]
    pub count: u16,
}

impl Fault {
    /// The service in whose calls it happens, if that is when: some are told, some know only one.
    pub const fn in_calls_of(&self) -> Option<Service> {
        match self.what {
            What::PageFault
            | What::GeneralProtection
            | What::UndefinedInstruction
            | What::DivideError
            | What::Breakpoint
            | What::UnalignedJump
            | What::Hang
            | What::Slow
            | What::MachineStops
            | What::ReadsBootServices
            | What::ReadsPageZero
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
    /// Takes `count` seconds, and then does what it is asked to.
    Slow,
    /// The lab stops the machine for `count` seconds. Some time after that the call goes on, and does
    /// what it is asked to.
    MachineStops,

    // In SetVirtualAddressMap only.
    /// Returns an error without having done anything.
    SvamUnsupported,
    SvamInvalidParameter,
    SvamNoMapping,
    SvamNotFound,
    /// Does what it is asked to, and returns a warning.
    SvamWarning,
    /// Returns success without having done anything.
    SvamConvertsNothing,
    /// Reads its own data at the old addresses and at the new ones before it returns.
    SvamUsesBothMaps,
    /// Writes to page 0, as some firmware does.
    SvamWritesPageZero,
    /// Runs code and writes data that are boot services memory.
    SvamUsesBootServices,
    /// Computes with vector registers.
    SvamUsesSimd,
    /// arm64: reads a device that is no runtime region.
    SvamUsesDevice,

    // What SetVirtualAddressMap leaves behind.
    /// A pointer to the driver's data, which each call uses, is not converted.
    KeepsDataPointer,
    /// The pointer to the service in the runtime services table is not converted.
    KeepsServicePointer,
    /// Each call fails as an undefined instruction unless SetVirtualAddressMap has been called.
    NeedsSvam,
    /// SetVirtualAddressMap, whatever the addresses, ends in an undefined instruction.
    BreaksOnSvam,
    /// The same if the new addresses are the old ones.
    BreaksOnIdentity,

    // In a call of the service, with lasting effect on memory or the processor.
    /// Reads boot services memory that the driver has kept a pointer to.
    ReadsBootServices,
    ReadsPageZero,
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
    /// GetVariable says EFI_BUFFER_TOO_SMALL for ever, asking for one byte more each time.
    BufferTooSmall,
    /// GetVariable succeeds and says that it has written more than the buffer holds.
    SizeBeyondBuffer,
    /// GetNextVariableName always has one more.
    EndlessNames,

    // Lies in the tables, before the first kernel starts.
    /// The pointer to the service is NULL.
    NullPointer,
    /// It leads to memory that firmware does not have at run time.
    PointerOutside,
    /// It leads to runtime services data.
    PointerToData,
    /// The CRC of the runtime services table is wrong.
    BadCrc,
    /// Runtime services code and data of the driver lack EFI_MEMORY_RUNTIME in the memory map.
    MapWithoutRuntime,
    /// Another runtime region begins in the middle of one.
    MapOverlapping,
    /// One runtime region is listed twice.
    MapDuplicate,
    /// No lie: one runtime region is listed as two, side by side.
    MapSplit,
    /// The runtime regions can be write-protected and made not executable, as maps said before UEFI 2.5.
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
    /// No lie: `count` runtime regions more, at the end of memory, with reserved memory between them.
    ManyRegions,
    /// The same, but only once a guest has run on the machine, and it was reset since.
    ManyRegionsLater,
    /// A region of boot services data overlaps the one before it.
    MapBootOverlapping,
    /// No lie: `count` regions of boot services data more, at the end of memory, with free memory
    /// between them.
    ScatteredBootServices,
    /// No lie: 64 MiB of boot services data, from `count` MiB on.
    BootServicesAt,
    /// No lie: of the largest free region all but the last `count` MiB is boot services data.
    BootServicesEverywhere,
    /// No lie: an ESRT of `count` entries in boot services data, of firmware of version 1000, 1001
    /// and so on.
    Esrt,
    /// The memory attributes table is not there.
    AttributesAbsent,
    /// It has version 3.
    AttributesVersion,
    /// It says that it has 65,537 entries.
    AttributesCount,
    /// Two of its entries overlap.
    AttributesOverlap,
    /// One of its entries goes beyond its region.
    AttributesBeyond,
    /// One of its entries is of data, though in a region of code.
    AttributesType,
    /// One of its entries lies outside the runtime regions.
    AttributesOutside,
    /// All of its entries are read-only and not executable.
    AttributesReadOnly,
    /// None of its entries takes any right away.
    AttributesExecutable,
    /// RT_PROPERTIES says that SetVirtualAddressMap is not supported, and a call of it fails.
    PropertiesWithoutSvam,
    /// RT_PROPERTIES says that variable services are not supported, and they are not.
    PropertiesWithoutVariables,
    /// No lie: the vendor's name ends with the memory that it is in, and other memory follows.
    VendorAtEnd,
    /// The same of SMBIOS: of its entry point, and of its structures, which claim to be larger.
    SmbiosAtEnd,
}

impl What {
    /// The lab's name of the architecture that alone has it; none: all do.
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
}

/// What the driver has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It has read its orders, and its image begins at this physical address.
    Ready { code: u64, faults: u8 },
    /// SetVirtualAddressMap is called, for the `count`th time, with the driver's image at `phys` to be
    /// found at `virt` from then on, 0 if it would not be mapped. It runs at `pc` meanwhile. `identity`:
    /// no address changes.
    Svam {
        count: u32,
        phys: u64,
        virt: u64,
        pc: u64,
        identity: bool,
    },
    /// A kernel has said which generation it is. `pc` is where SetVariable runs.
    Generation { number: u16, pc: u64 },
    /// The first call of a service in this generation, and where it runs.
    Call {
        service: Service,
        generation: u16,
        pc: u64,
    },
    /// A fault is about to happen. Of each, 16 are told in a generation.
    Fault {
        what: What,
        service: Service,
        generation: u16,
    },
}
