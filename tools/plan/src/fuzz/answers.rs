// SPDX-License-Identifier: GPL-2.0

//! Firmware's answers in user mode.

use super::*;
use crate::{
    exchange::{
        exchange,
        Caller,
        End,
        Told,
        SERVICES, //
    },
    plan::{
        firmware::{
            status::Status,
            width::Width, //
        },
        user::calling::MOST_ARGS, //
    },
};
use arbitrary::{
    Result,
    Unstructured, //
};

/// The largest memory that firmware can reach here.
const MOST_MEMORY: usize = 8192;

/// `arbitrary` makes the arguments of a service and firmware's answer from the bytes.
pub fn answers(data: &[u8]) {
    // The only error is that there are too few bytes.
    let _ = run(&mut Unstructured::new(data));
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let (service, _) = *u.choose(&SERVICES)?;
    let caller = Caller {
        null: u.arbitrary()?,
        number: u.arbitrary()?,
        size: size(u)? as usize,
        name: bytes(u)?,
    };
    let end = match u.int_in_range(0..=15)? {
        0 => End::Refused(status(u)?),
        1 => End::Silent(status(u)?),
        _ => End::Returned(status(u)?),
    };
    let mut told = Told {
        end,
        width: *u.choose(&[Width::Bits64, Width::Bits32])?,
        memory: u.int_in_range(0..=MOST_MEMORY)?,
        size: match u.arbitrary()? {
            true => Some(size(u)?),
            false => None,
        },
        answers: [const { Vec::new() }; MOST_ARGS],
        stray: (u.int_in_range(0..=MOST_MEMORY)?, bytes(u)?),
    };
    for answer in &mut told.answers {
        *answer = bytes(u)?;
    }
    exchange(service, caller, &told);
    Ok(())
}

fn status(u: &mut Unstructured<'_>) -> Result<Status> {
    Ok(match u.int_in_range(0..=3)? {
        0 => Status::SUCCESS,
        1 => Status::BUFFER_TOO_SMALL,
        2 => Status(1 << 63 | u64::from(u.arbitrary::<u8>()?)),
        _ => Status(u.arbitrary()?),
    })
}

/// Makes a size that is often one of a buffer.
fn size(u: &mut Unstructured<'_>) -> Result<u64> {
    match u.int_in_range(0..=2)? {
        0 => u.arbitrary(),
        1 => u.arbitrary::<u8>().map(u64::from),
        _ => u.arbitrary::<u16>().map(u64::from),
    }
}

fn bytes(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let count = u.arbitrary::<u8>()?;
    Ok(u.bytes(usize::from(count).min(u.len()))?.to_vec())
}
