// SPDX-License-Identifier: GPL-2.0

//! Recorded firmware with this plan and with stock: never less.

use super::*;

#[test]
fn firmware_has_what_stock_gives_it() {
    with_each(|firmware| {
        for space in firmware.spaces() {
            let [identity, fixed] = firmware.layouts(&space);
            let x86 = firmware.recording.architecture == "x86_64";
            let bits = firmware.recording.firmware.bits;
            let machine = match x86 {
                true => Machine::X86 { bits },
                false => Machine::Arm64 {
                    page: space.page,
                    svam: false,
                },
            };
            let theirs = firmware.stock(machine).mapped();
            let strict = !matches!(
                firmware.described(),
                Err(AttributesError::NothingWritable | AttributesError::NothingExecutable)
            );
            if let Some(identity) = identity {
                let ours = firmware.page_tables(&identity, &space);
                let physical: Vec<_> = theirs
                    .iter()
                    .copied()
                    .filter(|m| m.virt == m.phys)
                    .collect();
                stock::assert_not_less(&ours, &physical, machine, strict);
            }
            // Elsewhere than on x86, stock has other addresses.
            if let (Some(fixed), true) = (fixed, x86) {
                let ours = firmware.page_tables(&fixed, &space);
                stock::assert_not_less(&ours, &theirs, machine, strict);
            }
        }
    });
}
