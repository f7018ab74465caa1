// SPDX-License-Identifier: GPL-2.0

//! The choice for firmware that has just started: the stub and the kernel proper agree.

use efi_rtmap_stub::{
    c::{self, Facts, Request},
    rust,
};

/// No kind, or one of the map kinds.
const KINDS: [u32; 4] = [0, 1, 2, 3];

/// All possible facts.
fn all_facts() -> Vec<Facts> {
    let switches = |number: u32| [0, 1, 2, 3, 4].map(|bit| number >> bit & 1 != 0);
    let mut all = Vec::new();
    for [off, retry, svam_supported, identity_fits, fixed_fits] in (0..32).map(switches) {
        for kind in KINDS {
            for quirk in KINDS {
                all.extend(KINDS[1..].iter().map(|&default_kind| Facts {
                    request: Request {
                        off,
                        retry,
                        kind,
                        timeout: 0,
                    },
                    svam_supported,
                    identity_fits,
                    fixed_fits,
                    quirk,
                    default_kind,
                }));
            }
        }
    }
    all
}

#[test]
fn the_same_facts_give_the_same_choice() {
    let facts = all_facts();
    assert_eq!(facts.len(), 32 * 4 * 4 * 3);
    let mut seen = [0; 4];
    for facts in &facts {
        let choice = c::choose(facts);
        assert_eq!(choice, rust::choose(facts), "{facts:?}");
        seen[choice.kind as usize] += 1;
    }
    assert!(!seen.contains(&0), "a choice that is never made: {seen:?}");
}
