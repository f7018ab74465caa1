// SPDX-License-Identifier: GPL-2.0
//! Direct calls of the services for the clock.

use std::os::fd::AsRawFd;
use std::ptr;

use anyhow::Result;
use efi_rtmap_orders::Service;

use crate::efi_test::{EfiTest, Returned, NOT_CALLED};

#[derive(Default)]
#[repr(C)]
pub struct EfiTime {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    /// Nanoseconds, time zone and daylight saving.
    pub rest: [u32; 2],
}

/// Resolution, accuracy, and a flag: setting the time clears the sub-second part.
type Capabilities = [u32; 3];

#[repr(C, packed)]
pub struct GetTime {
    time: *mut EfiTime,
    capabilities: *mut Capabilities,
    status: *mut u64,
}

#[repr(C, packed)]
pub struct SetTime {
    time: *const EfiTime,
    status: *mut u64,
}

#[repr(C, packed)]
pub struct GetWakeupTime {
    enabled: *mut u8,
    pending: *mut u8,
    time: *mut EfiTime,
    status: *mut u64,
}

#[repr(C, packed)]
pub struct SetWakeupTime {
    enable: u8,
    time: *const EfiTime,
    status: *mut u64,
}

nix::ioctl_read!(ioctl_get_time, b'p', 3, GetTime);
nix::ioctl_write_ptr!(ioctl_set_time, b'p', 4, SetTime);
nix::ioctl_read!(ioctl_get_wakeup_time, b'p', 5, GetWakeupTime);
nix::ioctl_write_ptr!(ioctl_set_wakeup_time, b'p', 6, SetWakeupTime);

impl EfiTest {
    pub fn get_time(&self) -> Result<Returned<EfiTime>> {
        self.supports(Service::GetTime)?;
        let mut time = EfiTime::default();
        let mut capabilities = Capabilities::default();
        let mut status = NOT_CALLED;
        let mut call = GetTime {
            time: &mut time,
            capabilities: &mut capabilities,
            status: &mut status,
        };
        // SAFETY: the pointers are to live objects of the types that the driver expects.
        let result = unsafe { ioctl_get_time(self.device.as_raw_fd(), &mut call) };
        Returned::new(Service::GetTime, result, status, time)
    }

    /// Sets the clock to the time that it has.
    pub fn set_time(&self) -> Result<Returned<()>> {
        self.supports(Service::SetTime)?;
        let time = self.get_time()?.success()?;
        let mut status = NOT_CALLED;
        let call = SetTime {
            time: &time,
            status: &mut status,
        };
        // SAFETY: as above.
        let result = unsafe { ioctl_set_time(self.device.as_raw_fd(), &call) };
        Returned::new(Service::SetTime, result, status, ())
    }

    pub fn get_wakeup_time(&self) -> Result<Returned<()>> {
        self.supports(Service::GetWakeupTime)?;
        let (mut enabled, mut pending) = (0, 0);
        let mut time = EfiTime::default();
        let mut status = NOT_CALLED;
        let mut call = GetWakeupTime {
            enabled: &mut enabled,
            pending: &mut pending,
            time: &mut time,
            status: &mut status,
        };
        // SAFETY: as above.
        let result = unsafe { ioctl_get_wakeup_time(self.device.as_raw_fd(), &mut call) };
        Returned::new(Service::GetWakeupTime, result, status, ())
    }

    /// Turns the alarm off.
    pub fn set_wakeup_time(&self) -> Result<Returned<()>> {
        self.supports(Service::SetWakeupTime)?;
        let mut status = NOT_CALLED;
        let call = SetWakeupTime {
            enable: 0,
            time: ptr::null(),
            status: &mut status,
        };
        // SAFETY: as above; the driver takes a null pointer for a time that is left out.
        let result = unsafe { ioctl_set_wakeup_time(self.device.as_raw_fd(), &call) };
        Returned::new(Service::SetWakeupTime, result, status, ())
    }
}
