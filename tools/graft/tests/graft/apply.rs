// SPDX-License-Identifier: GPL-2.0

//! Apply, update, revert.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::bench::{Bench, EFI_C};

const EFI: &str = "drivers/firmware/efi/efi.c";
const HOOKS: &str = "hooks/common.toml";

#[test]
fn applies_files_and_hooks() {
    let bench = Bench::new();
    let printed = bench.must(&[]);
    assert!(printed.contains("Linux 7.3.4 in "), "{printed}");
    assert!(
        printed.contains("files: 2 applied (2 written, 0 unchanged), 0 removed"),
        "{printed}"
    );
    assert!(
        printed.contains("hooks: 3 applied in 2 upstream files (2 written"),
        "{printed}"
    );

    assert_eq!(
        bench.read("drivers/firmware/efi/rust/plan/decide.rs"),
        "// decide\n"
    );
    assert_eq!(
        bench.read("drivers/firmware/efi/rust/Kconfig"),
        "config EFI_RTMAP\n"
    );
    assert!(!bench.tree.join("README.md").exists());
    assert_eq!(
        bench.read("drivers/firmware/efi/Makefile"),
        "# efi\nobj-$(CONFIG_EFI) += efi.o\nobj-$(CONFIG_EFI_RTMAP) += rust/\nobj-y += x.o\n"
    );
    let expected = EFI_C
        .replacen("{\n", "{\n\tif (efi_rtmap_enter())\n\t\treturn 0;\n", 1)
        .replace("\treturn;\n", "\tefi_rtmap_leave();\n\treturn;\n");
    assert_eq!(bench.read(EFI), expected);
}

#[test]
fn applying_again_touches_nothing() {
    let bench = Bench::new();
    bench.must(&[]);
    let before = bench.snapshot();
    let printed = bench.must(&[]);
    assert_eq!(bench.snapshot(), before);
    assert!(printed.contains("(0 written, 2 unchanged)"), "{printed}");
}

#[test]
fn revert_restores_the_tree() {
    let bench = Bench::new();
    let script = bench.tree.join("drivers/firmware/efi/Makefile");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    // Not ours, though one of our files goes below it, so it stays.
    fs::create_dir_all(bench.tree.join("drivers/firmware/efi/rust")).unwrap();
    let before = bench.snapshot().content();

    bench.must(&[]);
    assert_ne!(bench.snapshot().content(), before);
    bench.must(&["--revert"]);
    assert_eq!(bench.snapshot().content(), before);

    let pristine = bench.snapshot();
    bench.must(&["--revert"]);
    assert_eq!(bench.snapshot(), pristine);
}

#[test]
fn an_update_writes_only_what_changed() {
    let bench = Bench::new();
    let before = bench.snapshot().content();
    bench.repo_file("include/linux/old/gone.h", "/* soon gone */\n");
    bench.must(&[]);
    let makefile = fs::metadata(bench.tree.join("drivers/firmware/efi/Makefile")).unwrap();

    bench.repo_file("include/linux/efi-rtmap.h", "/* new */\n");
    bench.repo_file("Kconfig", "config EFI_RTMAP\n\tbool\n");
    fs::remove_dir_all(bench.repo.join("include/linux/old")).unwrap();
    bench.edit_repo(HOOKS, "efi_rtmap_leave", "efi_rtmap_exit");
    let printed = bench.must(&[]);
    assert!(
        printed.contains("files: 3 applied (2 written, 1 unchanged), 1 removed"),
        "{printed}"
    );
    assert!(
        printed.contains("(1 written, 1 unchanged, 0 restored)"),
        "{printed}"
    );

    let later = fs::metadata(bench.tree.join("drivers/firmware/efi/Makefile")).unwrap();
    assert_eq!(later.modified().unwrap(), makefile.modified().unwrap());
    assert!(bench.read(EFI).contains("efi_rtmap_exit"));
    assert!(!bench.read(EFI).contains("efi_rtmap_leave"));
    assert!(!bench.tree.join("include/linux/old").exists());
    bench.must(&["--check"]);

    bench.must(&["--revert"]);
    assert_eq!(bench.snapshot().content(), before);
}

#[test]
fn revert_keeps_what_others_wrote() {
    let bench = Bench::new();
    bench.must(&[]);
    bench.edit_tree(EFI, "int ret = 0;", "int ret = 1; /* mine */");
    bench.tree_file("drivers/firmware/efi/rust/notes.txt", "mine\n");

    bench.must(&["--revert"]);
    assert_eq!(
        bench.read(EFI),
        EFI_C.replace("int ret = 0;", "int ret = 1; /* mine */")
    );
    assert_eq!(bench.read("drivers/firmware/efi/rust/notes.txt"), "mine\n");
    assert!(!bench.tree.join("drivers/firmware/efi/rust/plan").exists());
}

#[test]
fn a_hard_linked_original_stays() {
    let bench = Bench::new();
    let original = bench.repo.join("original.c");
    fs::hard_link(bench.tree.join(EFI), &original).unwrap();
    bench.must(&[]);
    assert_eq!(fs::read_to_string(&original).unwrap(), EFI_C);
}

#[test]
fn revert_works_after_an_interrupted_run() {
    let bench = Bench::new();
    let before = bench.snapshot().content();
    bench.must(&[]);
    fs::write(bench.tree.join(EFI), EFI_C).unwrap();
    fs::remove_file(bench.tree.join("drivers/firmware/efi/rust/Kconfig")).unwrap();
    bench.must(&["--revert"]);
    assert_eq!(bench.snapshot().content(), before);
}

#[test]
fn check_tells_what_is_applied() {
    let bench = Bench::new();
    let pristine = bench.graft(&["--check"]);
    assert!(!pristine.success);
    assert!(pristine
        .stdout
        .contains("file  missing  drivers/firmware/efi/rust/Kconfig"));
    assert!(pristine
        .stdout
        .contains("hook  missing  drivers/firmware/efi/Makefile: after `obj-"));
    assert!(
        pristine.stdout.contains(": 0 of 2 files and 0 of 3 hooks"),
        "{}",
        pristine.stdout
    );

    bench.must(&[]);
    let applied = bench.must(&["--check"]);
    assert!(
        applied.contains(": 2 of 2 files and 3 of 3 hooks"),
        "{applied}"
    );

    bench.edit_repo(HOOKS, "efi_rtmap_leave", "efi_rtmap_exit");
    bench.repo_file("Kconfig", "config OTHER\n");
    let stale = bench.graft(&["--check"]);
    assert!(!stale.success);
    assert!(stale
        .stdout
        .contains("file  differs  drivers/firmware/efi/rust/Kconfig"));
    assert!(stale
        .stdout
        .contains("hook  missing  drivers/firmware/efi/efi.c: before `return;`"));
    assert!(stale
        .stdout
        .contains("hook  differs  drivers/firmware/efi/efi.c: before `return;`"));
    assert!(
        stale.stdout.contains(": 1 of 2 files and 2 of 4 hooks"),
        "{}",
        stale.stdout
    );

    bench.edit_tree(EFI, "\tefi_rtmap_leave();\n", "");
    let lost = bench.graft(&["--check"]);
    assert!(!lost.success);
    assert!(
        lost.stdout
            .contains("hook  refused  drivers/firmware/efi/efi.c: cannot find"),
        "{}",
        lost.stdout
    );
}

#[test]
fn the_patch_does_what_apply_does() {
    let bench = Bench::new();
    let before = bench.snapshot();
    let patch = bench.must(&["--patch"]);
    assert_eq!(bench.snapshot(), before);
    assert!(patch.contains("    take-over happens here\n"), "{patch}");

    bench.must(&[]);
    assert_eq!(bench.must(&["--patch"]), patch);
    fs::remove_file(bench.tree.join(".efi-rtmap.toml")).unwrap();
    let grafted = bench.snapshot().content();

    let reverse = bench.repo.join("graft.patch");
    fs::write(&reverse, patch).unwrap();
    let apply = |options: &[&str]| {
        let git = Command::new("git")
            .current_dir(&bench.tree)
            .arg("apply")
            .args(options)
            .arg(&reverse)
            .status()
            .unwrap();
        assert!(git.success());
    };
    apply(&["--reverse"]);
    assert_eq!(bench.snapshot().content(), before.content());
    apply(&[]);
    assert_eq!(bench.snapshot().content(), grafted);
}

/// Whether a hook with `condition` is in a tree that is Linux 7.3, then 7.10, then 7.3 again.
fn applied(condition: &str) -> [bool; 3] {
    let bench = Bench::new();
    bench.edit_repo(
        HOOKS,
        "place = \"after\"",
        &format!("{condition}\nplace = \"after\""),
    );
    let (older, newer) = ("PATCHLEVEL = 3\n", "PATCHLEVEL = 10\n");
    let applied = || bench.must(&[]).contains("hooks: 3 applied");
    let first = applied();
    bench.edit_tree("Makefile", older, newer);
    let second = applied();
    bench.edit_tree("Makefile", newer, older);
    [first, second, applied()]
}

#[test]
fn a_hook_waits_for_its_kernel() {
    assert_eq!(applied("since = \"7.10\""), [false, true, false]);
    assert_eq!(applied("since = \"7.3\""), [true, true, true]);
}

#[test]
fn a_hook_goes_with_its_kernel() {
    assert_eq!(applied("until = \"7.3\""), [true, false, true]);
    assert_eq!(applied("until = \"7.10\""), [true, true, true]);
}
