// SPDX-License-Identifier: GPL-2.0

//! The handover table in memory, and the mark of the firmware's life. [`crate::plan::handover`]
//! defines their bytes.

pub(crate) mod carriers;
pub(crate) mod mark;
mod records;
pub(crate) mod table_memory;
