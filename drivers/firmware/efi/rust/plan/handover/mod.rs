// SPDX-License-Identifier: GPL-2.0

//! The handover between kernels: the bytes of the table, and the map that can be inherited from
//! them.

pub(crate) mod agree;
pub(crate) mod encode;
pub(crate) mod format;
pub(crate) mod frame;
pub(crate) mod inherit;
pub(crate) mod legacy;
pub(crate) mod life;
pub(crate) mod place;
pub(crate) mod properties;
pub(crate) mod refusal;
pub(crate) mod slot;
pub(crate) mod stores;
pub(crate) mod stub;
pub(crate) mod table;
pub(crate) mod wire;

#[cfg(any(test, fuzzing, CONFIG_EFI_RTMAP_KUNIT_TEST))]
pub(crate) mod table_fixtures;
