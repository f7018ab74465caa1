// SPDX-License-Identifier: GPL-2.0

//! Trees and overlays that do not fit: refused by name, and nothing is changed.

use std::fs;
use std::os::unix::fs::symlink;

use crate::bench::{Bench, CALLS, CRATE};

const EFI: &str = "drivers/firmware/efi/efi.c";
const MAKEFILE: &str = "drivers/firmware/efi/Makefile";

fn names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "no {part:?} in: {message}");
    }
}

#[test]
fn an_anchor_is_missing() {
    let bench = Bench::new();
    bench.edit_tree(EFI, "int efi_enter(void)", "int efi_begin(void)");
    names(
        &bench.refused(&[]),
        &[
            CALLS,
            EFI,
            "occurs 0 times: `int efi_enter(void)`",
            "nothing was changed",
        ],
    );
}

#[test]
fn an_anchor_is_ambiguous() {
    let bench = Bench::new();
    bench.edit_tree(MAKEFILE, "obj-y += x.o", "obj-$(CONFIG_EFI) += efi.o  ");
    names(
        &bench.refused(&[]),
        &[
            CRATE,
            MAKEFILE,
            "occurs 2 times: `obj-$(CONFIG_EFI) += efi.o`",
        ],
    );
}

#[test]
fn all_reasons_are_told_at_once() {
    let bench = Bench::new();
    bench.edit_tree(EFI, "int efi_enter(void)", "int efi_begin(void)");
    fs::remove_file(bench.tree.join(MAKEFILE)).unwrap();
    names(
        &bench.refused(&[]),
        &[EFI, &format!("{MAKEFILE}: no such file")],
    );
}

#[test]
fn an_anchor_has_no_body() {
    let bench = Bench::new();
    bench.edit_tree(EFI, "int efi_enter(void)\n{", "int efi_enter(void)\n;");
    names(
        &bench.refused(&[]),
        &["no function body opens below the anchor `int efi_enter(void)`"],
    );
}

#[test]
fn an_overlay_file_exists_already() {
    let bench = Bench::new();
    let path = "drivers/firmware/efi/rust/Kconfig";
    bench.tree_file(path, "somebody else's\n");
    names(&bench.refused(&[]), &[path, "is not ours"]);
}

#[test]
fn a_file_stands_where_a_folder_must() {
    let bench = Bench::new();
    bench.tree_file("include", "a file\n");
    bench.repo_file("include/linux/efi-rtmap.h", "\n");
    bench.edit_repo(CRATE, "files = [", "files = [\"include/**\", ");
    names(&bench.refused(&[]), &["include: is in the way of a folder"]);
}

#[test]
fn a_grafted_file_was_changed() {
    let bench = Bench::new();
    bench.must(&[]);
    let path = "drivers/firmware/efi/rust/plan/decide.rs";
    bench.edit_tree(path, "decide", "decide better");
    names(&bench.refused(&["--revert"]), &[path, "was changed"]);
    names(&bench.refused(&[]), &[path, "was changed"]);

    bench.edit_repo(path, "decide", "decide better");
    bench.must(&[]);
    bench.must(&["--revert"]);
}

#[test]
fn edited_lines_are_gone() {
    let bench = Bench::new();
    bench.must(&[]);
    bench.edit_tree(EFI, "\tefi_rtmap_leave();\n", "");
    names(
        &bench.refused(&["--revert"]),
        &[EFI, "cannot undo the edits", "+\tefi_rtmap_leave();"],
    );
    names(&bench.refused(&[]), &[EFI, "cannot undo the edits"]);
}

#[test]
fn the_tree_is_no_kernel() {
    let bench = Bench::new();
    bench.edit_tree("Makefile", "PATCHLEVEL", "LEVEL");
    names(&bench.refused(&[]), &["not a kernel tree", "PATCHLEVEL"]);
}

#[test]
fn an_anchor_to_be_replaced_is_ambiguous() {
    let bench = Bench::new();
    bench.edit_tree(EFI, "\treturn ret;", "\treturn;");
    bench.edit_tree(EFI, "\t\treturn;", "\treturn;");
    names(
        &bench.refused(&[]),
        &[CALLS, EFI, "occurs 2 times: `return;`"],
    );
}

#[test]
fn the_repository_has_no_series() {
    let bench = Bench::new();
    fs::remove_dir_all(bench.repo.join("series")).unwrap();
    names(&bench.refused(&[]), &["series", "--overlay"]);
}

#[test]
fn a_file_is_in_no_patch() {
    let bench = Bench::new();
    bench.repo_file("include/linux/efi-rtmap.h", "\n");
    bench.repo_file("arch/x86/efi/call.c", "\n");
    names(
        &bench.refused(&[]),
        &[
            "include/linux/efi-rtmap.h: is in no patch; name it in `files`",
            "arch/x86/efi/call.c: is in no patch",
        ],
    );
}

#[test]
fn a_file_is_in_two_patches() {
    let bench = Bench::new();
    bench.edit_repo(CRATE, ", \"!drivers/firmware/efi/rust/Kconfig\"", "");
    names(
        &bench.refused(&[]),
        &["drivers/firmware/efi/rust/Kconfig: is in two patches, 0001-crate and 0002-calls"],
    );
}

#[test]
fn a_patch_names_no_file() {
    let bench = Bench::new();
    bench.edit_repo(CRATE, "files = [", "files = [\"include/*.h\", ");
    names(
        &bench.refused(&[]),
        &["0001-crate", "\"include/*.h\" is no file"],
    );
}

#[test]
fn the_series_is_not_that_long() {
    let bench = Bench::new();
    let message = bench.refused(&["--first", "3"]);
    names(&message, &["--first 3: the series has 2 patches"]);
}

#[test]
fn an_edit_is_of_our_own_file() {
    let bench = Bench::new();
    bench.edit_repo(CALLS, EFI, "drivers/firmware/efi/rust/Kconfig");
    names(
        &bench.refused(&[]),
        &["0002-calls: drivers/firmware/efi/rust/Kconfig: is the overlay's own file"],
    );
}

#[test]
fn an_edited_file_is_gone() {
    let bench = Bench::new();
    bench.must(&[]);
    fs::remove_file(bench.tree.join(EFI)).unwrap();
    names(&bench.refused(&["--revert"]), &[EFI, "put it back"]);
    names(&bench.refused(&[]), &[EFI, "no such file in the tree"]);
}

#[test]
fn a_symbolic_link_is_not_edited() {
    let bench = Bench::new();
    fs::rename(bench.tree.join(EFI), bench.tree.join("real.c")).unwrap();
    symlink("../../../real.c", bench.tree.join(EFI)).unwrap();
    names(&bench.refused(&[]), &[EFI, "regular file"]);
}

#[test]
fn the_record_is_damaged() {
    let bench = Bench::new();
    bench.must(&[]);
    bench.tree_file(".efi-rtmap.toml", "folders = [\"../..\"]\n");
    names(
        &bench.refused(&["--revert"]),
        &[".efi-rtmap.toml: damaged", "`../..` is not a path inside"],
    );
}
