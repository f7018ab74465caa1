// SPDX-License-Identifier: GPL-2.0
//! What the lab on the host and the guest agree on: the plan one gives, the report the other
//! returns, and the parts of the guest that work on bytes alone and are tested on the host.

pub mod damage;
pub mod memory_map;
pub mod plan;
pub mod ptdump;
pub mod report;
pub mod status;
