// SPDX-License-Identifier: GPL-2.0

use crate::{
    c,
    plan::request::{Kind, Request},
};
use std::num::NonZero;

/// Reads the words of one `efi=` option.
pub fn add_option(request: c::Request, option: &[u8]) -> c::Request {
    from(to(request).add(option, |_| ()))
}

fn to(request: c::Request) -> Request {
    Request {
        off: request.off,
        kind: Kind::from_number(request.kind),
        retry: request.retry,
        timeout: u16::try_from(request.timeout).ok().and_then(NonZero::new),
    }
}

fn from(request: Request) -> c::Request {
    c::Request {
        off: request.off,
        retry: request.retry,
        kind: request.kind.map_or(0, |kind| kind as u32),
        timeout: request.timeout.map_or(0, |seconds| seconds.get().into()),
    }
}
