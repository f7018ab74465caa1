// SPDX-License-Identifier: GPL-2.0

//! Firmware in user mode: the machines where this is possible, the arguments and answers of a call,
//! and the consequences of its end.

pub(crate) mod a64;
pub(crate) mod arguments;
pub(crate) mod calling;
pub(crate) mod contained;
pub(crate) mod fit;
pub(crate) mod function;
pub(crate) mod functions;
pub(crate) mod grant;
pub(crate) mod instruction;
pub(crate) mod marshal;
pub(crate) mod policy;
pub(crate) mod port;
pub(crate) mod verdict;
