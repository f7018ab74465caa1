// SPDX-License-Identifier: GPL-2.0

//! The choice of a map: the facts in, the decision out.

pub(crate) mod adopt;
pub(crate) mod after_svam;
pub(crate) mod decide;
pub(crate) mod decision;
pub(crate) mod facts;
pub(crate) mod fresh;
pub(crate) mod quirk;
pub(crate) mod request;
