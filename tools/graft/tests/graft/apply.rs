// SPDX-License-Identifier: GPL-2.0

//! Apply, update, revert.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::bench::{Bench, CALLS, CRATE, EFI_C};

const EFI: &str = "drivers/firmware/efi/efi.c";

#[test]
fn applies_files_and_edits() {
    let bench = Bench::new();
    let printed = bench.must(&[]);
    assert!(printed.contains("Linux 7.3.4 in "), "{printed}");
    assert!(
        printed.contains("our files: 2 written, 0 unchanged, 0 removed"),
        "{printed}"
    );
    assert!(
        printed.contains("upstream's files: 2 written, 0 unchanged, 0 restored"),
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
        .replace("\treturn;\n", "\tefi_rtmap_leave();\n");
    assert_eq!(bench.read(EFI), expected);
}

#[test]
fn of_tools_only_the_tests_are_for_the_kernel() {
    let bench = Bench::new();
    let test = "tools/testing/selftests/efi-rtmap/init.c";
    bench.repo_file(test, "int main;\n");
    bench.repo_file("tools/check", "of the repository\n");
    bench.edit_repo(CALLS, "files = [", "files = [\"tools/**\", ");
    bench.must(&[]);
    assert_eq!(bench.read(test), "int main;\n");
    assert!(!bench.tree.join("tools/check").exists());
}

#[test]
fn applying_again_touches_nothing() {
    let bench = Bench::new();
    bench.must(&[]);
    let before = bench.snapshot();
    let printed = bench.must(&[]);
    assert_eq!(bench.snapshot(), before);
    assert!(
        printed.contains("our files: 0 written, 2 unchanged, 0 removed"),
        "{printed}"
    );
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
    bench.repo_file("drivers/firmware/efi/rust/old/gone.rs", "// soon gone\n");
    bench.must(&[]);
    let makefile = fs::metadata(bench.tree.join("drivers/firmware/efi/Makefile")).unwrap();

    bench.repo_file("drivers/firmware/efi/rust/new.rs", "// new\n");
    bench.repo_file("Kconfig", "config EFI_RTMAP\n\tbool\n");
    fs::remove_dir_all(bench.repo.join("drivers/firmware/efi/rust/old")).unwrap();
    bench.edit_repo(CALLS, "efi_rtmap_leave", "efi_rtmap_exit");
    let printed = bench.must(&[]);
    assert!(
        printed.contains("our files: 2 written, 1 unchanged, 1 removed"),
        "{printed}"
    );
    assert!(
        printed.contains("upstream's files: 1 written, 1 unchanged, 0 restored"),
        "{printed}"
    );

    let later = fs::metadata(bench.tree.join("drivers/firmware/efi/Makefile")).unwrap();
    assert_eq!(later.modified().unwrap(), makefile.modified().unwrap());
    assert!(bench.read(EFI).contains("efi_rtmap_exit"));
    assert!(!bench.read(EFI).contains("efi_rtmap_leave"));
    assert!(!bench.tree.join("drivers/firmware/efi/rust/old").exists());
    bench.must(&["--check"]);

    bench.must(&["--revert"]);
    assert_eq!(bench.snapshot().content(), before);
}

#[test]
fn revert_keeps_what_others_wrote() {
    let bench = Bench::new();
    bench.must(&[]);
    bench.edit_tree(
        EFI,
        "<linux/efi.h>\n",
        "<linux/efi.h>\n#include \"mine.h\"\n",
    );
    bench.tree_file("drivers/firmware/efi/rust/notes.txt", "mine\n");

    bench.must(&["--revert"]);
    assert_eq!(
        bench.read(EFI),
        EFI_C.replace("<linux/efi.h>\n", "<linux/efi.h>\n#include \"mine.h\"\n")
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
    let says = |expected: &[&str]| {
        let outcome = bench.graft(&["--check"]);
        for line in expected {
            assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
        }
        outcome.success
    };
    assert!(!says(&[
        "missing  drivers/firmware/efi/rust/Kconfig\n",
        "missing  drivers/firmware/efi/Makefile\n",
        "0 of 2 files of ours and 0 of 2 of upstream's",
    ]));

    bench.must(&[]);
    assert!(says(&["2 of 2 files of ours and 2 of 2 of upstream's"]));

    bench.edit_repo(CALLS, "efi_rtmap_leave", "efi_rtmap_exit");
    bench.repo_file("Kconfig", "config OTHER\n");
    assert!(!says(&[
        "differs  drivers/firmware/efi/rust/Kconfig\n",
        "differs  drivers/firmware/efi/efi.c\n",
        "1 of 2 files of ours and 1 of 2 of upstream's",
    ]));

    bench.edit_tree(EFI, "\tefi_rtmap_leave();\n", "");
    assert!(!says(&[
        "refused  drivers/firmware/efi/efi.c: cannot undo the edits"
    ]));
}

#[test]
fn a_later_patch_edits_what_an_earlier_one_brings() {
    let bench = Bench::new();
    bench.edit_repo(
        CALLS,
        "\"\treturn;\"",
        "\"obj-$(CONFIG_EFI_RTMAP) += rust/\"",
    );
    let efi = "file = \"drivers/firmware/efi/efi.c\"\nanchor = \"obj";
    let makefile = "file = \"drivers/firmware/efi/Makefile\"\nanchor = \"obj";
    bench.edit_repo(CALLS, efi, makefile);
    bench.edit_repo(CALLS, "\tefi_rtmap_leave();", "obj-y += later/");
    let before = bench.snapshot().content();
    bench.must(&[]);
    assert_eq!(
        bench.read("drivers/firmware/efi/Makefile"),
        "# efi\nobj-$(CONFIG_EFI) += efi.o\nobj-y += later/\nobj-y += x.o\n"
    );
    bench.must(&["--revert"]);
    assert_eq!(bench.snapshot().content(), before);

    // The other way round there is no such line yet.
    fs::rename(
        bench.repo.join(CRATE),
        bench.repo.join("series/0003-crate.toml"),
    )
    .unwrap();
    let message = bench.refused(&[]);
    assert!(
        message.contains("occurs 0 times: `obj-$(CONFIG_EFI_RTMAP) += rust/`"),
        "{message}"
    );
}

#[test]
fn the_series_is_applied_in_part() {
    let bench = Bench::new();
    let before = bench.snapshot().content();
    bench.must(&[]);
    bench.must(&["--first", "1"]);
    assert_eq!(bench.read(EFI), EFI_C);
    assert!(bench
        .read("drivers/firmware/efi/Makefile")
        .contains("rust/"));
    assert!(bench
        .tree
        .join("drivers/firmware/efi/rust/plan/decide.rs")
        .exists());
    assert!(!bench
        .tree
        .join("drivers/firmware/efi/rust/Kconfig")
        .exists());
    bench.must(&["--first", "1", "--check"]);
    assert!(!bench.graft(&["--check"]).success);
    bench.must(&["--revert"]);
    assert_eq!(bench.snapshot().content(), before);
}

/// Tells if an edit with `condition` is in a tree that is Linux 7.3, then 7.10, then 7.3 again.
fn applied(condition: &str) -> [bool; 3] {
    let bench = Bench::new();
    bench.edit_repo(CRATE, "place =", &format!("{condition}\nplace ="));
    let (older, newer) = ("PATCHLEVEL = 3\n", "PATCHLEVEL = 10\n");
    let applied = || {
        bench.must(&[]);
        bench
            .read("drivers/firmware/efi/Makefile")
            .contains("rust/")
    };
    let first = applied();
    bench.edit_tree("Makefile", older, newer);
    let second = applied();
    bench.edit_tree("Makefile", newer, older);
    [first, second, applied()]
}

#[test]
fn an_edit_waits_for_its_kernel() {
    assert_eq!(applied("since = \"7.10\""), [false, true, false]);
    assert_eq!(applied("since = \"7.3\""), [true, true, true]);
}

#[test]
fn an_edit_goes_with_its_kernel() {
    assert_eq!(applied("until = \"7.3\""), [true, false, true]);
    assert_eq!(applied("until = \"7.10\""), [true, true, true]);
}
