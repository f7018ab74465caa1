// SPDX-License-Identifier: GPL-2.0
//! The console, divided among the kernels.

use efi_rtmap_guest::plan::GENERATION_PARAMETER;

/// From the line in which a kernel tells its command line to the same line of the next; None if it
/// never did.
pub fn of_generation(console: &str, generation: usize) -> Option<&str> {
    let rest = &console[told(console, generation)?..];
    Some(&rest[..told(rest, generation + 1).unwrap_or(rest.len())])
}

fn told(console: &str, generation: usize) -> Option<usize> {
    let word = format!("{GENERATION_PARAMETER}{generation}");
    let mut places = console.match_indices(&word).map(|(place, _)| place);
    places.find(|place| {
        let after = &console[place + word.len()..];
        !after.starts_with(|next: char| next.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole() {
        let console = "rtmap.gen=0 a rtmap.gen=10 b rtmap.gen=1 c";
        assert_eq!(
            of_generation(console, 0),
            Some("rtmap.gen=0 a rtmap.gen=10 b ")
        );
        assert_eq!(of_generation(console, 1), Some("rtmap.gen=1 c"));
        assert_eq!(of_generation(console, 2), None);
    }
}
