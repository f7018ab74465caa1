// SPDX-License-Identifier: GPL-2.0

//! Compiles the stub's choice for the host, from the kernel's own file.

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
        // This comes before the kernel's own folder. It replaces headers that those files include.
        .include("include")
        .include(format!("{top}/include"))
        .std("gnu11")
        .warnings_into_errors(true)
        .compile("choice");
}
