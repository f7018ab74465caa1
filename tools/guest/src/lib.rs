// SPDX-License-Identifier: GPL-2.0
//! The agreement between the lab on the host and the guest: the plan, the report, and the parts of
//! the guest that work on bytes alone and are tested on the host.

pub mod damage;
pub mod handover;
pub mod memory_map;
pub mod plan;
pub mod ptdump;
pub mod report;
pub mod status;
