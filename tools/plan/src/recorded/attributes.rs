// SPDX-License-Identifier: GPL-2.0

//! Recorded firmware's description of its code. `like_stock` compares the rights of each page with
//! stock.

use super::*;

/// GetTime() and all other services must be somewhere.
#[test]
fn something_is_executable() {
    with_each(|firmware| {
        let entries = firmware.entries(&firmware.regions(false));
        assert!(entries.iter().any(|entry| entry.permission.executes()));
    });
}
