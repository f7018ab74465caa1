// SPDX-License-Identifier: GPL-2.0

//! Firmware after sleep. A kernel that wakes up from hibernation is in another life of the
//! firmware.

use crate::{
    call,
    plan::{
        firmware::service,
        handover::life::Awakening, //
    },
    state, //
};
use kernel::prelude::*;

/// Checks firmware after sleep, which may have started it anew. Returns `true` if it can be called
/// as before.
pub(crate) fn resume() -> bool {
    let Some(map) = state::map() else { return true };
    let Some(mark) = &map.mark else { return true };
    match mark.awakening() {
        Awakening::SameLife => true,
        Awakening::SameAddresses(nonce) => {
            pr_info!("firmware was started anew, and has the addresses that it had\n");
            if let Some(table) = &map.table {
                table.renew(nonce);
            }
            true
        }
        Awakening::OtherAddresses => {
            pr_err!("firmware was started anew, by a kernel with another map: services are off\n");
            call::hung(service::MARK_SVAM);
            false
        }
    }
}
