// SPDX-License-Identifier: GPL-2.0
//! What the program prints on each machine, as it is in `tests/expected/`. With the variable
//! `BLESS` set, the test writes these files: then read what has changed.

use std::env;
use std::fs;
use std::path::Path;

use crate::machine::Machine;

const MACHINES: [&str; 13] = [
    "faulted",
    "ident",
    "in-call",
    "kernel-32",
    "legacy",
    "noruntime",
    "off",
    "phys-arm64",
    "pointer",
    "quirk-arm64",
    "refused-arm64",
    "stock",
    "user-32",
];

/// Compares the output of some commands on one machine.
fn compare(machine: &str, commands: &[&[&str]]) {
    let laid_out = Machine::named(machine);
    let mut text = String::new();
    for command in commands {
        let run = laid_out.run(command);
        text += &format!("$ rtmapctl {}\n{}", command.join(" "), run.printed);
        if !run.complaint.is_empty() {
            text += &format!("on standard error: {}", run.complaint);
        }
        text += &format!("exit status: {}\n\n", run.status);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/expected/{machine}.txt"));
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{machine}");
}

#[test]
fn each_machine_is_shown_and_explained() {
    for machine in MACHINES {
        compare(
            machine,
            &[
                &["status"],
                &["explain"],
                &["why-off"],
                &["check"],
                &["map"],
            ],
        );
    }
}

#[test]
fn firmware_that_was_stopped_in_user_mode() {
    compare(
        "user-stopped",
        &[
            &["status"],
            &["status", "--json"],
            &["why-off"],
            &["check"],
            &["table"],
            &["export", "prometheus"],
        ],
    );
}
