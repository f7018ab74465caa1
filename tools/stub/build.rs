// SPDX-License-Identifier: GPL-2.0

//! Compiles the stub's choice, the very file that the kernel compiles, for the host.

fn main() {
    let top = "../..";
    let stub = format!("{top}/drivers/firmware/efi/libstub/efi-rtmap-choice");
    for file in [
        &format!("{stub}.c"),
        &format!("{stub}.h"),
        &format!("{top}/include/linux/efi-rtmap-table.h"),
        "include",
    ] {
        println!("cargo::rerun-if-changed={file}");
    }
    cc::Build::new()
        .file(format!("{stub}.c"))
        // Before the kernel's own: what it has of the headers that these include.
        .include("include")
        .include(format!("{top}/include"))
        .std("gnu11")
        .warnings_into_errors(true)
        .compile("choice");
}
