// SPDX-License-Identifier: GPL-2.0

//! Trees and overlays that do not fit: refused by name, and nothing is changed.

use std::fs;
use std::os::unix::fs::symlink;

use crate::bench::Bench;

const EFI: &str = "drivers/firmware/efi/efi.c";
const MAKEFILE: &str = "drivers/firmware/efi/Makefile";
const HOOKS: &str = "hooks/common.toml";

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
            HOOKS,
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
            HOOKS,
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
    names(&bench.refused(&[]), &["include: is in the way of a folder"]);
}

#[test]
fn a_grafted_file_was_edited() {
    let bench = Bench::new();
    bench.must(&[]);
    let path = "drivers/firmware/efi/rust/plan/decide.rs";
    bench.edit_tree(path, "decide", "decide better");
    names(&bench.refused(&["--revert"]), &[path, "was edited"]);
    names(&bench.refused(&[]), &[path, "was edited"]);

    bench.edit_repo(path, "decide", "decide better");
    bench.must(&[]);
    bench.must(&["--revert"]);
}

#[test]
fn inserted_lines_are_gone() {
    let bench = Bench::new();
    bench.must(&[]);
    bench.edit_tree(EFI, "\tefi_rtmap_leave();\n", "");
    names(
        &bench.refused(&["--revert"]),
        &[EFI, "cannot find the lines", "efi_rtmap_leave();"],
    );
    names(&bench.refused(&[]), &[EFI, "cannot find the lines"]);
}

#[test]
fn the_tree_is_no_kernel() {
    let bench = Bench::new();
    bench.edit_tree("Makefile", "PATCHLEVEL", "LEVEL");
    names(&bench.refused(&[]), &["not a kernel tree", "PATCHLEVEL"]);
}

#[test]
fn the_overlay_has_no_hooks() {
    let bench = Bench::new();
    fs::remove_dir_all(bench.repo.join("hooks")).unwrap();
    names(&bench.refused(&[]), &["hooks", "--overlay"]);
}

#[test]
fn a_hook_names_our_own_file() {
    let bench = Bench::new();
    bench.edit_repo(HOOKS, MAKEFILE, "drivers/firmware/efi/rust/Kconfig");
    bench.edit_repo(HOOKS, "obj-$(CONFIG_EFI) += efi.o", "config EFI_RTMAP");
    names(
        &bench.refused(&[]),
        &["drivers/firmware/efi/rust/Kconfig: no such file"],
    );

    let bench = Bench::new();
    bench.must(&[]);
    bench.edit_repo(HOOKS, MAKEFILE, "drivers/firmware/efi/rust/Kconfig");
    names(&bench.refused(&[]), &["is the overlay's own file"]);
}

#[test]
fn a_symbolic_link_is_not_hooked() {
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
