// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl why-off`: the reason why services are off, and advice.

use crate::facts::{Because, Facts};
use crate::machine::Found;
use crate::page::Page;
use crate::paint::Paint;
use crate::status::words;

/// The beginning of entries whose reason is recorded for a single service.
const POINTER: &str = "efi: rtmap: [Firmware Bug]: <service> is off: its pointer is NULL";
const USER: &str = "efi: rtmap: <service>: <fact>; off from now on: <services>";

pub fn text(facts: &Facts, paint: Paint) -> String {
    let page = Page::read();
    if facts.kind == "none" {
        let mut text = format!(
            "{}\n\n",
            paint.bad("The runtime services are off from the start of this kernel.")
        );
        text += &format!("{}\n", facts.reason);
        return text + &advice(&page, &facts.reason);
    }
    if facts.on.is_empty() {
        return in_this_kernel(facts, paint);
    }
    let off = facts.off();
    if off.is_empty() {
        return "All services are on.\n".into();
    }
    let mut text = String::new();
    for off in &off {
        text += &format!(
            "{} is off: {}.\n",
            paint.doubtful(off.service),
            words(off.because)
        );
    }
    for (because, line) in [(Because::Pointer, POINTER), (Because::Failed, USER)] {
        if off.iter().any(|off| off.because == because) {
            text += &advice(&page, line);
        }
    }
    if off.iter().any(|off| off.because == Because::Unsupported) {
        text +=
            "\nCallers of a service that firmware does not have get EFI_UNSUPPORTED. That is no\n\
                 failure. Look for a newer firmware if you need the service.\n";
    }
    if off.iter().any(|off| off.because == Because::Width) {
        text += "\nFirmware of 32 bits has variables and ResetSystem. In user mode it has a clock too: boot\n\
                 with efi=rtmap:user.\n";
    }
    if off.iter().any(|off| off.because == Because::Unknown) {
        text += &unknown(facts);
    }
    text
}

fn in_this_kernel(facts: &Facts, paint: Paint) -> String {
    let mut text = match facts.faulted {
        true => {
            paint.bad("Firmware has failed while this kernel was running. Its services are off.")
        }
        false => paint.bad("All services are off, and firmware is not known to have failed."),
    };
    if let Some(call) = facts.table.value().and_then(|table| table.faulted.as_ref()) {
        text += &format!("\nThe failure was in this call: {call}.");
    }
    text + "\n\nRestart the machine through its firmware. Successors by kexec leave the services off\n\
            too, unless one of them is given efi=rtmap:retry. Try another map kind, see `rtmapctl\n\
            explain`. The log has the details: dmesg | grep 'efi: rtmap:'\n"
}

fn unknown(facts: &Facts) -> String {
    let table = match facts.table {
        Found::Forbidden => {
            "Only root may read the handover table, which has reasons for more\nservices. "
        }
        Found::Missing | Found::Value(_) => "",
    };
    format!(
        "\n{table}A service without a recorded reason is one that firmware is too old for, or that \
         needs\nthe privilege of the kernel. The log has more: dmesg | grep 'efi: rtmap:'\n"
    )
}

/// The text of the entry that explains `line`.
fn advice(page: &Page, line: &str) -> String {
    match page.explaining(line) {
        Some(entry) => format!("\n{}\n", page.advice(entry)),
        None => "\nThis version of rtmapctl does not know the reason: look for it in messages.rst of the \
                 kernel's\nDocumentation/admin-guide/efi-rtmap/.\n"
            .into(),
    }
}
