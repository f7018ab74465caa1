// SPDX-License-Identifier: GPL-2.0

//! Lists of the plan in the kernel's memory.

use crate::{
    failure::Failure,
    plan::base::list::List, //
};
use kernel::prelude::*;

/// Returns the items that `fill` puts into a list with room for `most`. `blank` fills unused room.
///
/// # Errors
///
/// The errors of `fill`, and a [`Failure`] if there is no memory for the list.
pub(crate) fn filled<T: Copy, E>(
    blank: T,
    most: usize,
    fill: impl FnOnce(&mut List<'_, T>) -> Result<(), E>,
) -> Result<KVVec<T>, Failure>
where
    Failure: From<E>,
{
    let mut buffer = KVVec::from_elem(blank, most, GFP_KERNEL)?;
    let mut list = List::new(&mut buffer);
    fill(&mut list)?;
    let count = list.len();
    buffer.truncate(count);
    Ok(buffer)
}
