// SPDX-License-Identifier: GPL-2.0
//! Regions as a line for terminals. Its parts are as wide as the logarithm of their sizes.

use efi_rtmap_picture::{Part, Region};

use crate::paint::Paint;

/// The sign of parts whose rights are not known.
const UNKNOWN: char = '·';
const LEGEND: &str = "░ r--  ▒ rw-  ▓ r-x  █ rwx";

pub fn text(regions: &[Region], paint: Paint) -> String {
    let mut line = String::new();
    let mut end = 0;
    for region in regions {
        // Between neighbours there is no gap.
        line += if region.phys == end { "│" } else { " │" };
        end = region.end();
        match &region.parts[..] {
            [] => line.extend(vec![UNKNOWN; width(region.pages)]),
            parts => line.extend(parts.iter().map(|part| drawn(part, paint))),
        }
        line += "│";
    }
    let legend = match regions.iter().any(|region| region.parts.is_empty()) {
        true => format!("{UNKNOWN} rights unknown, as no handover table was read"),
        false => LEGEND.into(),
    };
    format!("{}\n{legend}; sizes as logarithms\n", line.trim_start())
}

fn drawn(part: &Part, paint: Paint) -> String {
    let sign = match part.rights.as_str() {
        "r--" => '░',
        "rw-" => '▒',
        "r-x" => '▓',
        _ => '█',
    };
    let run: String = vec![sign; width(part.pages)].into_iter().collect();
    match sign {
        '█' => paint.bad(&run),
        '▓' => paint.good(&run),
        _ => run,
    }
}

/// One more for each factor of 16.
fn width(pages: u64) -> usize {
    1 + pages.checked_ilog2().unwrap_or(0) as usize / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_parts_are_wider() {
        let widths = [1, 15, 16, 256, u64::MAX].map(width);
        assert_eq!(widths, [1, 1, 2, 3, 16]);
    }
}
