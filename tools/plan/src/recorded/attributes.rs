// SPDX-License-Identifier: GPL-2.0

//! What recorded firmware says of its code. Which page may be written and executed is compared with
//! stock in `like_stock`.

use super::*;

/// GetTime() and all the others must be somewhere.
#[test]
fn something_is_executable() {
    with_each(|firmware| {
        let entries = firmware.entries(&firmware.regions(false));
        assert!(entries.iter().any(|entry| entry.permission.executes()));
    });
}
