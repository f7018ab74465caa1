// SPDX-License-Identifier: GPL-2.0
//! The output of the program on each machine, as it is in `tests/expected/`. With the variable
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

#[test]
fn the_readme_shows_what_is_printed() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(top.join("../../README.md")).unwrap();
    let files = fs::read_dir(top.join("tests/expected")).unwrap();
    let printed: Vec<_> = files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let mut count = 0;
    for (start, _) in readme.match_indices("    $ rtmapctl ") {
        let lines = readme[start..].lines();
        // A block ends with the first line that is not indented. An empty line may be in it.
        let block = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
        let block: Vec<_> = block
            .map(|line| line.strip_prefix("    ").unwrap_or(line))
            .collect();
        let (command, output) = block.split_first().unwrap();
        let output = output.split(|line| line.starts_with("$ ")).next().unwrap();
        let text = format!("{command}\n{}\n", output.join("\n").trim_end());
        let text = text + "exit status: ";
        assert!(printed.iter().any(|file| file.contains(&text)), "{text}");
        count += 1;
    }
    assert!(count > 2, "{count}");
}
