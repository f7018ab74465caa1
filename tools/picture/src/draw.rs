// SPDX-License-Identifier: GPL-2.0
//! Regions as a picture: physical addresses on the left, the addresses of calls on the right. The
//! height of a part is the logarithm of its size, and gaps are not to scale. The picture is narrow
//! enough for a telephone.

use efi_rtmap_plan::words;
use maud::{html, Markup};

use crate::{size, Change, Region, PAGE};

/// The colours. Rights also have letters, and changes have words.
pub const STYLE: &str = include_str!("style.css");

const WIDTH: u32 = 440;
const COLUMN: u32 = 178;
const RIGHT: u32 = WIDTH - COLUMN - 1;
const TOP: u32 = 28;
const GAP: u32 = 12;
/// Two lines of text above the parts of a region.
const HEAD: u32 = 32;
const LEGEND: [(&str, &str); 6] = [
    ("r--", "read"),
    ("rw-", "read, write"),
    ("r-x", "read, execute"),
    ("rwx", "write and execute"),
    ("---", "not mapped"),
    ("?", "rights unknown"),
];

/// A region, and the places of its upper edge in both columns.
struct Placed<'a> {
    region: &'a Region,
    change: Option<Change>,
    phys: u32,
    virt: u32,
}

/// The picture as a file of its own.
pub fn document(regions: &[Region]) -> String {
    let style = html! { style { (maud::PreEscaped(STYLE)) } };
    let unchanged = vec![None; regions.len()];
    svg(regions, &unchanged, &style).into_string() + "\n"
}

/// The picture as a part of a page that has [`STYLE`], with a mark on each region that has a change.
pub fn inline(regions: &[Region], changes: &[Option<Change>]) -> Markup {
    svg(regions, changes, &html! {})
}

fn svg(regions: &[Region], changes: &[Option<Change>], style: &Markup) -> Markup {
    let placed = placed(regions, changes);
    let rows: u32 = regions.iter().map(|region| height(region) + GAP).sum();
    let bottom = TOP + rows + 8;
    let tall = bottom + 48;
    html! {
        svg xmlns="http://www.w3.org/2000/svg" class="rtmap" role="img" viewBox={ "0 0 " (WIDTH) " " (tall) }
            width=(WIDTH) aria-label={ "Map of " (regions.len()) " regions" } {
            (style)
            rect class="paper" width=(WIDTH) height=(tall) {}
            text x="1" y="14" class="title" { "physical addresses" }
            text x=(RIGHT) y="14" class="title" { "firmware is called at" }
            @for placed in &placed {
                (connection(placed))
                (block(placed, 1, placed.phys, placed.region.phys, &about(placed.region)))
                (block(placed, RIGHT, placed.virt, placed.region.virt, &second_line(placed)))
            }
            (legend(bottom))
        }
    }
}

/// Regions from the lowest address down the page, in each column.
fn placed<'a>(regions: &'a [Region], changes: &[Option<Change>]) -> Vec<Placed<'a>> {
    let phys = edges(regions, |region| region.phys);
    let virt = edges(regions, |region| region.virt);
    let edges = phys.into_iter().zip(virt);
    let marked = regions.iter().zip(changes);
    marked
        .zip(edges)
        .map(|((region, change), (phys, virt))| Placed {
            region,
            change: *change,
            phys,
            virt,
        })
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

fn height(region: &Region) -> u32 {
    HEAD + bands(region).map(|(_, pages)| band(pages)).sum::<u32>()
}

/// The rights and pages of each band of a region.
fn bands(region: &Region) -> impl Iterator<Item = (&str, u64)> {
    let unknown = region.parts.is_empty().then_some(("?", region.pages));
    let known = region.parts.iter();
    known
        .map(|part| (part.rights.as_str(), part.pages))
        .chain(unknown)
}

/// A line of text, and more for larger parts.
fn band(pages: u64) -> u32 {
    13 + 2 * pages.checked_ilog2().unwrap_or(0)
}

fn about(region: &Region) -> String {
    format!("{}, {}", size(region.bytes()), words::memory(region.ty))
}

fn second_line(placed: &Placed<'_>) -> String {
    let at = match placed.region.virt == placed.region.phys {
        true => "1:1",
        false => "not 1:1",
    };
    match placed.change {
        Some(change) => format!("{at}, {change}"),
        None => at.into(),
    }
}

/// The region in one column: two lines of text, and its parts in their colours.
fn block(placed: &Placed<'_>, x: u32, y: u32, address: u64, about: &str) -> Markup {
    let mut next = y + HEAD;
    html! {
        text x=(x + 6) y=(y + 13) class="address" { (format!("{address:#x}")) }
        text x=(x + 6) y=(y + 26) { (about) }
        @for (rights, pages) in bands(placed.region) {
            @let tall = band(pages);
            @let top = { next += tall; next - tall };
            rect class=(class(rights)) x=(x) y=(top) width=(COLUMN) height=(tall) {}
            text x=(x + 6) y=(top + tall / 2 + 4) class="rights" { (rights) "  " (size(pages * PAGE)) }
        }
        rect class=(if placed.change.is_some() { "edge changed" } else { "edge" })
            x=(x) y=(y) width=(COLUMN) height=(height(placed.region)) {}
    }
}

fn class(rights: &str) -> &'static str {
    match rights {
        "r--" => "read",
        "rw-" => "write",
        "r-x" => "execute",
        "rwx" => "both",
        _ => "unknown",
    }
}

/// The area between the two places of a region.
fn connection(placed: &Placed<'_>) -> Markup {
    let (left, tall) = (1 + COLUMN, height(placed.region));
    let (from, to) = (placed.phys, placed.virt);
    let (under_from, under_to) = (from + tall, to + tall);
    html! {
        polygon class="connection"
            points={ (left) "," (from) " " (RIGHT) "," (to) " " (RIGHT) "," (under_to) " " (left) "," (under_from) } {}
    }
}

fn legend(y: u32) -> Markup {
    html! {
        @for (number, (rights, meaning)) in (0..).zip(LEGEND) {
            @let (x, y) = (1 + number % 3 * 148, y + number / 3 * 22);
            rect class={ (class(rights)) " sample" } x=(x) y=(y) width="26" height="16" {}
            text x=(x + 4) y=(y + 12) class="rights" { (rights) }
            text x=(x + 32) y=(y + 12) { (meaning) }
        }
    }
}
