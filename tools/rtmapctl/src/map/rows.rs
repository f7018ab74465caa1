// SPDX-License-Identifier: GPL-2.0
//! Regions as a table of text.

use efi_rtmap_picture::{size, Region};
use efi_rtmap_plan::words;

use crate::paint::Paint;

pub fn text(regions: &[Region], paint: Paint) -> String {
    let head = format!(
        "{:<23} {:<18} {:>8}  {:<6}  {}",
        "physical addresses", "called at", "size", "rights", "memory"
    );
    let mut text = format!("{}\n", paint.heading(&head));
    for region in regions {
        let memory = words::memory(region.ty);
        let rights = match &region.parts[..] {
            [] => "unknown",
            [part] => &part.rights,
            _ => "",
        };
        text += &row(
            region.phys,
            region.bytes(),
            &format!("{:#x}", region.virt),
            rights,
            &memory,
            paint,
        );
        // A region with one set of rights needs no row for its part.
        let parts = region.parts.iter().filter(|_| region.parts.len() > 1);
        for part in parts {
            text += &row(part.phys, part.bytes(), "", &part.rights, "", paint);
        }
    }
    text
}

fn row(phys: u64, bytes: u64, virt: &str, rights: &str, memory: &str, paint: Paint) -> String {
    let start = if virt.is_empty() { "  " } else { "" };
    let range = format!("{start}{phys:#x}-{:#x}", phys + (bytes - 1));
    let padded = format!("{rights:<7}");
    let rights = match rights {
        "rwx" => paint.bad(&padded),
        _ => padded,
    };
    let line = format!(
        "{range:<23} {virt:<18} {:>8}  {rights} {memory}",
        size(bytes)
    );
    format!("{}\n", line.trim_end())
}
