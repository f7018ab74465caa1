// SPDX-License-Identifier: GPL-2.0
//! Direct calls of runtime services, through the kernel's test device.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::ptr;

use anyhow::{bail, ensure, Context, Result};
use efi_rtmap_guest::plan::VENDOR_GUID;
use efi_rtmap_guest::report::Storage;
use efi_rtmap_guest::status::Status;
use efi_rtmap_orders::{Service, GENERATION_VARIABLE};
use uguid::{guid, Guid};

const DEVICE: &str = "/dev/efi_test";
/// Non-volatile, boot service access, runtime access.
pub const ATTRIBUTES: u32 = 7;
pub const GLOBAL_VARIABLE: Guid = guid!("8be4df61-93ca-11d2-aa0d-00e098032b8c");
pub const VENDOR: Guid = Guid::parse_or_panic(VENDOR_GUID);
/// An action writes this variable, and nobody reads it.
const SCRATCH_VARIABLE: &str = "RtmapScratch";
/// No firmware returns this status.
pub const NOT_CALLED: u64 = u64::MAX;

#[repr(C, packed)]
pub struct GetVariable {
    name: *const u16,
    vendor: *const Guid,
    attributes: *mut u32,
    data_size: *mut u64,
    data: *mut u8,
    status: *mut u64,
}

#[repr(C, packed)]
pub struct SetVariable {
    name: *const u16,
    vendor: *const Guid,
    attributes: u32,
    data_size: u64,
    data: *const u8,
    status: *mut u64,
}

#[repr(C, packed)]
pub struct GetNextVariableName {
    name_size: *mut u64,
    name: *mut u16,
    vendor: *mut Guid,
    status: *mut u64,
}

#[repr(C, packed)]
pub struct QueryVariableInfo {
    attributes: u32,
    maximum: *mut u64,
    remaining: *mut u64,
    largest: *mut u64,
    status: *mut u64,
}

nix::ioctl_readwrite!(ioctl_get_variable, b'p', 1, GetVariable);
nix::ioctl_write_ptr!(ioctl_set_variable, b'p', 2, SetVariable);
nix::ioctl_readwrite!(ioctl_get_next_variable_name, b'p', 7, GetNextVariableName);
nix::ioctl_read!(ioctl_query_variable_info, b'p', 8, QueryVariableInfo);
nix::ioctl_read!(ioctl_supported_mask, b'p', 12, u32);

/// The result of a service. The value counts only if the status is success.
pub struct Returned<T> {
    service: Service,
    pub status: Status,
    value: T,
}

pub struct EfiTest {
    pub(crate) device: File,
    supported: u32,
}

impl EfiTest {
    pub fn open() -> Result<Self> {
        let device = File::open(DEVICE).context(DEVICE)?;
        let mut supported = 0;
        // SAFETY: the driver writes one u32.
        unsafe { ioctl_supported_mask(device.as_raw_fd(), &mut supported) }.context(DEVICE)?;
        Ok(Self { device, supported })
    }

    /// Tells a listening firmware the number of this generation.
    pub fn announce(&self, generation: usize) -> Result<()> {
        let number = u16::try_from(generation).context("generation")?;
        self.set_variable(GENERATION_VARIABLE, &number.to_le_bytes())?
            .success()
    }

    /// Deletes a variable, which must exist.
    pub fn delete_variable(&self, name: &str) -> Result<()> {
        let deleted = self.set_variable(name, &[])?.success();
        deleted.with_context(|| format!("delete {name}"))
    }

    /// Calls a service once, with arguments that sane firmware accepts.
    pub fn call(&self, service: Service) -> Result<Status> {
        Ok(match service {
            Service::GetTime => self.get_time()?.status,
            Service::SetTime => self.set_time()?.status,
            Service::GetWakeupTime => self.get_wakeup_time()?.status,
            Service::SetWakeupTime => self.set_wakeup_time()?.status,
            Service::GetVariable => self.get_variable()?.status,
            Service::GetNextVariableName => {
                let (mut name, mut vendor) = ([0; 512], Guid::ZERO);
                self.get_next_variable_name(&mut name, &mut vendor)?.status
            }
            Service::SetVariable => self.set_variable(SCRATCH_VARIABLE, b"scratch")?.status,
            Service::QueryVariableInfo => self.query_variable_info(ATTRIBUTES)?.status,
            _ => bail!("{service:?}: the guest has no way to call it"),
        })
    }

    /// Reads a small variable that all firmware has.
    pub fn get_variable(&self) -> Result<Returned<usize>> {
        self.get("BootOrder", &GLOBAL_VARIABLE, &mut [0; 1024])
    }

    /// Reads a variable into `data`, and returns its size.
    pub fn get(&self, name: &str, vendor: &Guid, data: &mut [u8]) -> Result<Returned<usize>> {
        self.supports(Service::GetVariable)?;
        let name = utf16(name);
        let (mut attributes, mut status) = (0, NOT_CALLED);
        let mut data_size = data.len() as u64;
        let mut call = GetVariable {
            name: name.as_ptr(),
            vendor: ptr::from_ref(vendor),
            attributes: &mut attributes,
            data_size: &mut data_size,
            data: data.as_mut_ptr(),
            status: &mut status,
        };
        // SAFETY: as above; `data_size` is what `data` has room for.
        let result = unsafe { ioctl_get_variable(self.device.as_raw_fd(), &mut call) };
        Returned::new(Service::GetVariable, result, status, data_size as usize)
    }

    /// Calls GetVariable without a name, even if the kernel says that it is not supported.
    pub fn get_no_variable(&self) -> Result<Status> {
        let mut status = NOT_CALLED;
        let mut call = GetVariable {
            name: ptr::null(),
            vendor: ptr::null(),
            attributes: ptr::null_mut(),
            data_size: ptr::null_mut(),
            data: ptr::null_mut(),
            status: &mut status,
        };
        // SAFETY: the driver takes null pointers for what is left out.
        let result = unsafe { ioctl_get_variable(self.device.as_raw_fd(), &mut call) };
        Ok(Returned::new(Service::GetVariable, result, status, ())?.status)
    }

    /// Replaces a name by the next. The first one follows an empty name.
    pub fn get_next_variable_name(
        &self,
        name: &mut [u16],
        vendor: &mut Guid,
    ) -> Result<Returned<()>> {
        self.supports(Service::GetNextVariableName)?;
        let mut name_size = size_of_val(name) as u64;
        let mut status = NOT_CALLED;
        let mut call = GetNextVariableName {
            name_size: &mut name_size,
            name: name.as_mut_ptr(),
            vendor,
            status: &mut status,
        };
        // SAFETY: as above; `name_size` is what `name` has room for.
        let result = unsafe { ioctl_get_next_variable_name(self.device.as_raw_fd(), &mut call) };
        Returned::new(Service::GetNextVariableName, result, status, ())
    }

    fn set_variable(&self, name: &str, data: &[u8]) -> Result<Returned<()>> {
        self.set(name, ATTRIBUTES, data)
    }

    /// Writes a variable of the guest's.
    pub fn set(&self, name: &str, attributes: u32, data: &[u8]) -> Result<Returned<()>> {
        self.supports(Service::SetVariable)?;
        let name = utf16(name);
        let mut status = NOT_CALLED;
        let call = SetVariable {
            name: name.as_ptr(),
            vendor: ptr::from_ref(&VENDOR),
            attributes,
            data_size: data.len() as u64,
            data: data.as_ptr(),
            status: &mut status,
        };
        // SAFETY: as above; `data_size` is what `data` holds.
        let result = unsafe { ioctl_set_variable(self.device.as_raw_fd(), &call) };
        Returned::new(Service::SetVariable, result, status, ())
    }

    pub fn storage(&self) -> Result<Storage> {
        self.query_variable_info(ATTRIBUTES)?.success()
    }

    /// Makes a call that firmware refuses at once, because it has no attributes. So the time that
    /// it takes is the kernel's.
    pub fn refused_call(&self) -> Result<()> {
        let status = self.query_variable_info(0)?.status;
        ensure!(
            status == Status::INVALID_PARAMETER,
            "QueryVariableInfo without attributes: {status}"
        );
        Ok(())
    }

    fn query_variable_info(&self, attributes: u32) -> Result<Returned<Storage>> {
        self.supports(Service::QueryVariableInfo)?;
        let mut storage = Storage::default();
        let mut status = NOT_CALLED;
        let mut call = QueryVariableInfo {
            attributes,
            maximum: &mut storage.maximum,
            remaining: &mut storage.remaining,
            largest: &mut storage.largest_variable,
            status: &mut status,
        };
        // SAFETY: as above.
        let result = unsafe { ioctl_query_variable_info(self.device.as_raw_fd(), &mut call) };
        Returned::new(Service::QueryVariableInfo, result, status, storage)
    }

    /// The driver does not check pointers: services that are off are null pointers.
    pub fn supports(&self, service: Service) -> Result<()> {
        let supported = self.supported;
        ensure!(
            supported & supported_bit(service) != 0,
            "{service:?}: not among the services {supported:#x}"
        );
        Ok(())
    }
}

impl<T> Returned<T> {
    /// The driver fails if the call could not be made, and also if its status is not success.
    pub fn new(service: Service, result: nix::Result<i32>, status: u64, value: T) -> Result<Self> {
        if status == NOT_CALLED {
            result.with_context(|| format!("{service:?}"))?;
        }
        Ok(Self {
            service,
            status: Status(status),
            value,
        })
    }

    pub fn success(self) -> Result<T> {
        let Self {
            service, status, ..
        } = self;
        ensure!(status == Status::SUCCESS, "{service:?}: {status}");
        Ok(self.value)
    }
}

/// The bit in the mask of supported services (UEFI 2.10, section 4.6.2), for services of this
/// guest.
fn supported_bit(service: Service) -> u32 {
    match service {
        Service::GetTime => 1 << 0,
        Service::SetTime => 1 << 1,
        Service::GetWakeupTime => 1 << 2,
        Service::SetWakeupTime => 1 << 3,
        Service::GetVariable => 1 << 4,
        Service::GetNextVariableName => 1 << 5,
        Service::SetVariable => 1 << 6,
        Service::QueryVariableInfo => 1 << 13,
        _ => 0,
    }
}

fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
