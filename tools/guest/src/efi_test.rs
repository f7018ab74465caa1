// SPDX-License-Identifier: GPL-2.0
//! Runtime services called directly, through the kernel's test device.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::Instant;

use anyhow::{ensure, Context, Result};
use efi_rtmap_guest::report::{Clock, Storage};

/// `EFI_INVALID_PARAMETER`.
const INVALID_PARAMETER: u64 = 1 << 63 | 2;
const DEVICE: &str = "/dev/efi_test";
/// Non-volatile, boot service access, runtime access.
const ATTRIBUTES: u32 = 7;

#[derive(Default)]
#[repr(C)]
pub struct EfiTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    /// Nanoseconds, time zone and daylight saving.
    rest: [u32; 2],
}

/// Resolution, accuracy, and whether setting clears the sub-second part.
type Capabilities = [u32; 3];

#[repr(transparent)]
pub struct Guid([u8; 16]);

pub const GLOBAL_VARIABLE: Guid = Guid([
    0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c,
]);

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
pub struct GetTime {
    time: *mut EfiTime,
    capabilities: *mut Capabilities,
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
nix::ioctl_read!(ioctl_get_time, b'p', 3, GetTime);
nix::ioctl_read!(ioctl_query_variable_info, b'p', 8, QueryVariableInfo);
nix::ioctl_read!(ioctl_supported_mask, b'p', 12, u32);

/// Bits of the mask of supported services (UEFI 2.10, section 4.6.2).
const GET_TIME: u32 = 1 << 0;
const GET_VARIABLE: u32 = 1 << 4;
const QUERY_VARIABLE_INFO: u32 = 1 << 13;

pub struct EfiTest {
    device: File,
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

    /// The driver does not look before it jumps: services that are off are null pointers.
    fn supports(&self, service: u32) -> Result<()> {
        let supported = self.supported;
        ensure!(supported & service != 0, "services: only {supported:#x}");
        Ok(())
    }

    pub fn get_time(&self) -> Result<EfiTime> {
        self.supports(GET_TIME)?;
        let mut time = EfiTime::default();
        let mut capabilities = Capabilities::default();
        let mut status = u64::MAX;
        let mut call = GetTime {
            time: &mut time,
            capabilities: &mut capabilities,
            status: &mut status,
        };
        // SAFETY: the pointers are to live objects of the types that the driver expects.
        let result = unsafe { ioctl_get_time(self.device.as_raw_fd(), &mut call) };
        check("GetTime", result, status)?;
        Ok(time)
    }

    /// Reads a small variable; returns its size.
    pub fn get_variable(&self, name: &str, vendor: &Guid) -> Result<u64> {
        self.supports(GET_VARIABLE)?;
        let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
        let (mut attributes, mut status) = (0, u64::MAX);
        let mut data = [0; 1024];
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
        check("GetVariable", result, status)?;
        Ok(data_size)
    }

    pub fn storage(&self) -> Result<Storage> {
        self.supports(QUERY_VARIABLE_INFO)?;
        let mut storage = Storage::default();
        let mut status = u64::MAX;
        let mut call = QueryVariableInfo {
            attributes: ATTRIBUTES,
            maximum: &mut storage.maximum,
            remaining: &mut storage.remaining,
            largest: &mut storage.largest_variable,
            status: &mut status,
        };
        // SAFETY: as above.
        let result = unsafe { ioctl_query_variable_info(self.device.as_raw_fd(), &mut call) };
        check("QueryVariableInfo", result, status)?;
        Ok(storage)
    }

    /// Makes a call that firmware refuses at once, as its attributes are none: what it takes is the
    /// kernel's.
    pub fn refused_call(&self) -> Result<()> {
        self.supports(QUERY_VARIABLE_INFO)?;
        let mut sizes = [0; 3];
        let [maximum, remaining, largest] = &mut sizes;
        let mut status = 0;
        let mut call = QueryVariableInfo {
            attributes: 0,
            maximum,
            remaining,
            largest,
            status: &mut status,
        };
        // SAFETY: as above.
        let result = unsafe { ioctl_query_variable_info(self.device.as_raw_fd(), &mut call) };
        ensure!(
            result.is_err() && status == INVALID_PARAMETER,
            "QueryVariableInfo without attributes: EFI status {status:#x}"
        );
        Ok(())
    }

    pub fn clock(&self, samples: u32) -> Result<Clock> {
        let times = (0..samples)
            .map(|_| nanoseconds(|| self.get_time()))
            .collect::<Result<Vec<_>>>()?;
        let timing = efi_rtmap_guest::report::Timing::of(times).context("no samples")?;
        Ok(Clock {
            epoch: self.get_time()?.epoch()?,
            nanoseconds: timing.median,
        })
    }
}

pub fn nanoseconds<T>(call: impl FnOnce() -> Result<T>) -> Result<u64> {
    let start = Instant::now();
    call()?;
    Ok(start.elapsed().as_nanos() as u64)
}

/// The driver answers EINVAL both for bad arguments and for a status that is not success.
fn check(service: &str, result: nix::Result<i32>, status: u64) -> Result<()> {
    result.with_context(|| format!("{service}: EFI status {status:#x}"))?;
    ensure!(status == 0, "{service}: EFI status {status:#x}");
    Ok(())
}

impl EfiTime {
    /// Seconds since 1970, UTC; the lab's machines keep UTC.
    fn epoch(&self) -> Result<i64> {
        ensure!(
            (1..=12).contains(&self.month) && (1..=31).contains(&self.day),
            "GetTime: {}-{}-{}",
            self.year,
            self.month,
            self.day
        );
        // Years that begin in March: the leap day is then the last one.
        let (year, month) = match i64::from(self.month) {
            month @ 1..=2 => (i64::from(self.year) - 1, month + 9),
            month => (i64::from(self.year), month - 3),
        };
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
        let hours = days * 24 + i64::from(self.hour);
        Ok((hours * 60 + i64::from(self.minute)) * 60 + i64::from(self.second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(year: u16, month: u8, day: u8) -> i64 {
        EfiTime {
            year,
            month,
            day,
            hour: 1,
            minute: 2,
            second: 3,
            ..Default::default()
        }
        .epoch()
        .unwrap()
    }

    #[test]
    fn seconds_since_1970() {
        let time_of_day = 3723;
        assert_eq!(epoch(1970, 1, 1), time_of_day);
        assert_eq!(epoch(2000, 2, 29), 951_782_400 + time_of_day);
        assert_eq!(epoch(2000, 3, 1), 951_868_800 + time_of_day);
        assert_eq!(epoch(2026, 11, 22), 1_795_305_600 + time_of_day);
    }

    #[test]
    fn a_clock_that_was_not_filled_in_is_an_error() {
        assert!(EfiTime::default().epoch().is_err());
    }
}
