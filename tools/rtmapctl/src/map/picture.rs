// SPDX-License-Identifier: GPL-2.0
//! Regions as a picture: physical addresses on the left, the addresses of calls on the right. The
//! height of a region is the logarithm of its size, and gaps are not to scale.

use efi_rtmap_plan::words;

use super::regions::{Region, PAGE};
use super::rows::size;

const WIDTH: u32 = 860;
const COLUMN: u32 = 190;
const LEFT: u32 = 190;
const RIGHT: u32 = 480;
const TOP: u32 = 70;
const GAP: u32 = 22;
/// Rights, their colour, and their meaning.
const COLOURS: [(&str, &str, &str); 5] = [
    ("r--", "#c9d1d9", "read"),
    ("rw-", "#7fb3e6", "read and write"),
    ("r-x", "#8fd19e", "read and execute"),
    ("rwx", "#e5746b", "write and execute"),
    ("unknown", "#ffffff", "rights unknown"),
];

/// A region, and the places of its upper edge in both columns.
struct Placed<'a> {
    region: &'a Region,
    phys: u32,
    virt: u32,
}

/// The picture as SVG.
pub fn draw(regions: &[Region]) -> String {
    let placed = placed(regions);
    let rows: u32 = regions.iter().map(|region| height(region) + GAP).sum();
    let bottom = TOP + rows;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        bottom + 50
    );
    for (x, title) in [
        (LEFT, "physical addresses"),
        (RIGHT, "firmware is called at"),
    ] {
        let middle = x + COLUMN / 2;
        svg += &label(middle, 30, "middle", title);
    }
    for placed in &placed {
        svg += &connection(placed);
        svg += &column(placed.region, LEFT, placed.phys);
        svg += &column(placed.region, RIGHT, placed.virt);
        let about = format!(
            "{}, {}",
            size(placed.region.bytes()),
            words::memory(placed.region.ty)
        );
        svg += &label(LEFT + COLUMN / 2, placed.phys - 4, "middle", &about);
        svg += &label(
            LEFT - 8,
            placed.phys + 12,
            "end",
            &format!("{:#x}", placed.region.phys),
        );
        let virt = format!("{:#x}", placed.region.virt);
        svg += &label(RIGHT + COLUMN + 8, placed.virt + 12, "start", &virt);
    }
    svg + &legend(bottom) + "</svg>\n"
}

/// Regions from the lowest address down the page, in each column.
fn placed(regions: &[Region]) -> Vec<Placed<'_>> {
    let phys = edges(regions, |region| region.phys);
    let virt = edges(regions, |region| region.virt);
    let placed = regions.iter().zip(phys.into_iter().zip(virt));
    placed
        .map(|(region, (phys, virt))| Placed { region, phys, virt })
        .collect()
}

/// The upper edge of each region, if `key` orders them.
fn edges(regions: &[Region], key: impl Fn(&Region) -> u64) -> Vec<u32> {
    let mut order: Vec<_> = (0..regions.len()).collect();
    order.sort_by_key(|&index| key(&regions[index]));
    let mut edges = vec![0; regions.len()];
    let mut next = TOP;
    for index in order {
        edges[index] = next;
        next += height(&regions[index]) + GAP;
    }
    edges
}

/// At least two lines of text, and more for larger regions.
fn height(region: &Region) -> u32 {
    18 + 4 * region.pages.checked_ilog2().unwrap_or(0)
}

/// The region in one column, with the parts in its colours.
fn column(region: &Region, x: u32, y: u32) -> String {
    let whole = height(region);
    let mut shapes = String::new();
    if region.parts.is_empty() {
        shapes += &rectangle(x, f64::from(y), f64::from(whole), "unknown");
    }
    for part in &region.parts {
        let share = |pages: u64| pages as f64 / region.pages as f64 * f64::from(whole);
        let before = (part.phys - region.phys) / PAGE;
        shapes += &rectangle(
            x,
            f64::from(y) + share(before),
            share(part.pages),
            &part.rights,
        );
    }
    shapes
        + &format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{COLUMN}\" height=\"{whole}\" fill=\"none\" \
             stroke=\"#57606a\"/>\n"
        )
}

fn rectangle(x: u32, y: f64, height: f64, rights: &str) -> String {
    let colour = COLOURS.iter().find(|(name, ..)| *name == rights);
    let colour = colour.map_or("#ffffff", |(_, colour, _)| colour);
    format!("<rect x=\"{x}\" y=\"{y:.1}\" width=\"{COLUMN}\" height=\"{height:.1}\" fill=\"{colour}\"/>\n")
}

/// The area between the two places of a region.
fn connection(placed: &Placed<'_>) -> String {
    let (left, right, tall) = (LEFT + COLUMN, RIGHT, height(placed.region));
    let (from, to) = (placed.phys, placed.virt);
    format!(
        "<polygon points=\"{left},{from} {right},{to} {right},{} {left},{}\" fill=\"#eef1f4\"/>\n",
        to + tall,
        from + tall
    )
}

fn legend(y: u32) -> String {
    let mut shapes = String::new();
    for (number, (_, colour, meaning)) in (0..).zip(&COLOURS) {
        let x = 20 + 165 * number;
        shapes += &format!(
            "<rect x=\"{x}\" y=\"{}\" width=\"14\" height=\"14\" fill=\"{colour}\" stroke=\"#57606a\"/>\n",
            y + 18
        );
        shapes += &label(x + 20, y + 30, "start", meaning);
    }
    shapes
}

/// A text that has no character with a meaning in SVG.
fn label(x: u32, y: u32, anchor: &str, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>\n")
}
