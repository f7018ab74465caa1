// SPDX-License-Identifier: GPL-2.0

//! The handover table in memory, and the mark of the firmware's life. Their bytes are
//! [`crate::plan::handover`]'s.

pub(crate) mod carriers;
pub(crate) mod mark;
pub(crate) mod table_memory;
