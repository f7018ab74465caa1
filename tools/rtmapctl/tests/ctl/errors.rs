// SPDX-License-Identifier: GPL-2.0
//! The errors of the program for files that it cannot use.

use std::fs;

use crate::machine::Machine;

/// Runs `table` on these bytes, and returns the complaint.
fn complaint_about(machine: &Machine, bytes: &[u8]) -> String {
    machine.put("dump", bytes);
    let dump = machine.path("dump");
    let run = machine.run(&["table", dump.to_str().unwrap()]);
    assert_eq!((run.status, run.printed.as_str()), (1, ""), "{run:?}");
    run.complaint
}

#[test]
fn garbage_is_named_by_byte() {
    let machine = Machine::named("ident");
    let good = machine.table();
    let complaint = complaint_about(&machine, b"no table");
    let expected =
        "rtmapctl: ROOT/dump: byte 0x8: the bytes end here, and the header of a table takes 192\n";
    assert_eq!(complaint, expected);
    let complaint = complaint_about(&machine, &good[..1000]);
    assert!(complaint.contains("byte 0x3e8: "), "{complaint}");
    // The generation of the slot that counts, which is the first one, and of the other.
    let mut bytes = good.clone();
    bytes[192 + 16] ^= 1;
    bytes[192 + 10336 + 16] ^= 1;
    let complaint = complaint_about(&machine, &bytes);
    assert!(complaint.contains("byte 0xc0: CRC is "), "{complaint}");
}

#[test]
fn no_bytes_make_it_panic() {
    let machine = Machine::named("ident");
    let good = machine.table();
    for at in (0..300).chain(192 + 10336..192 + 10336 + 100) {
        for byte in [0, 0x7f, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            machine.put("dump", &bytes);
            // The rest of the slot cannot hide the damage: then its CRC is wrong.
            let status = machine
                .run(&["table", machine.path("dump").to_str().unwrap()])
                .status;
            assert!([0, 1].contains(&status), "{at}: {byte:#x}: {status}");
            if at > 200 {
                break;
            }
        }
    }
}

#[test]
fn one_damaged_slot_is_shown() {
    let machine = Machine::named("ident");
    let mut bytes = machine.table();
    bytes[192 + 16] ^= 1;
    machine.put("dump", &bytes);
    let run = machine.run(&["table", machine.path("dump").to_str().unwrap()]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(
        run.printed.contains("slot 0\nbyte 0xc0: CRC is "),
        "{run:?}"
    );
    assert!(run.printed.contains("slot 1, which counts\n"), "{run:?}");
}

#[test]
fn tables_that_differ() {
    let machine = Machine::named("ident");
    machine.put("a", machine.table());
    let mut bytes = machine.table();
    bytes[20] += 1;
    machine.put("b", &bytes);
    let [a, b] = ["a", "b"].map(|name| machine.path(name).to_str().unwrap().to_string());
    let run = machine.run(&["diff", &a, &b]);
    assert_eq!(
        (run.status, run.printed.as_str()),
        (1, "calls              293 -> 294\n")
    );
    let run = machine.run(&["diff", &a, &a]);
    assert_eq!((run.status, run.printed.as_str()), (0, ""));
    let other = Machine::named("pointer");
    other.put("b", other.table());
    let run = machine.run(&["diff", &a, other.path("b").to_str().unwrap()]);
    assert!(run.printed.contains("\n+ 0x"), "{run:?}");
}

#[test]
fn values_that_are_not_known() {
    for (file, value, complaint) in [
        (
            "kind",
            "lofty",
            "kind: \"lofty\" is none of phys, ident, fixed, none",
        ),
        (
            "generation",
            "-1",
            "generation: \"-1\" is neither a number nor unknown",
        ),
        (
            "services",
            "GetTime GetLost",
            "services: \"GetLost\" is no runtime service",
        ),
        ("wx_pages", "", "wx_pages: \"\" is no number"),
    ] {
        let machine = Machine::named("ident");
        machine.put(&format!("sys/firmware/efi/rtmap/{file}"), value);
        let run = machine.run(&["status"]);
        assert_eq!(run.status, 1);
        assert!(
            run.complaint.starts_with(&format!("rtmapctl: {complaint}")),
            "{run:?}"
        );
    }
    // A captured file must not command the terminal.
    let machine = Machine::named("ident");
    machine.put("sys/firmware/efi/rtmap/reason", "\x1b[2J");
    let run = machine.run(&["status"]);
    assert!(
        run.complaint.contains("reason: not one line of text"),
        "{run:?}"
    );
    let machine = Machine::named("ident");
    machine.put(
        "sys/firmware/efi/runtime-map/0/num_pages",
        "0xfffffffffffffff0",
    );
    let run = machine.run(&["map"]);
    assert!(run.complaint.contains("pages at address"), "{run:?}");
}

#[test]
fn a_machine_without_efi_and_a_wrong_command_line() {
    let machine = Machine::named("stock");
    fs::remove_dir_all(machine.path("sys/firmware")).unwrap();
    let run = machine.run(&["status"]);
    assert_eq!(run.status, 2);
    assert!(run.complaint.contains("not started by EFI"), "{run:?}");
    assert_eq!(machine.run(&["statuses"]).status, 64);
    assert_eq!(machine.run(&["--help"]).status, 0);
}

#[test]
fn an_image_is_looked_at() {
    let machine = Machine::named("kernel-32");
    let mut head = vec![0; 0x400];
    head[0x202..0x206].copy_from_slice(b"HdrS");
    head[0x206..0x208].copy_from_slice(&0x20f_u16.to_le_bytes());
    head[0x236] = 3;
    machine.put("vmlinuz", &head);
    let run = machine.run(&[
        "check",
        "--image",
        machine.path("vmlinuz").to_str().unwrap(),
    ]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.printed.contains("must lie below 4 GiB"), "{run:?}");
    assert!(
        run.printed.contains("ROOT/vmlinuz: an x86-64 kernel"),
        "{run:?}"
    );
    machine.put("vmlinuz", "text");
    let run = machine.run(&[
        "check",
        "--image",
        machine.path("vmlinuz").to_str().unwrap(),
    ]);
    assert_eq!(run.status, 1);
    assert!(
        run.complaint.contains("ROOT/vmlinuz: neither a bzImage"),
        "{run:?}"
    );
}

#[test]
fn a_call_in_progress_speaks_against_kexec() {
    let machine = Machine::named("ident");
    let mut bytes = machine.table();
    bytes[16] = 7;
    machine.put("sys/firmware/efi/rtmap/table", &bytes);
    let run = machine.run(&["check"]);
    assert_eq!(run.status, 1);
    assert!(
        run.printed
            .contains("stop  firmware is in a call of SetVariable"),
        "{run:?}"
    );
}

#[test]
fn messages_are_found() {
    let machine = Machine::named("ident");
    let run = machine.run(&["messages", "[    1.0] efi: rtmap: off, as requested"]);
    let expected = "efi: rtmap: off, as requested\n    The command line has 'efi=rtmap:off'.";
    assert!(run.printed.starts_with(expected), "{run:?}");
    assert!(machine
        .run(&["messages", "wedged"])
        .printed
        .contains("wedged in firmware"));
    assert!(machine.run(&["messages"]).printed.lines().count() > 500);
    let run = machine.run(&["messages", "no such words"]);
    assert_eq!((run.status, run.printed.as_str()), (1, ""));
}
