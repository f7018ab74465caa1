// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl map`: the regions of firmware's memory.

mod bar;
mod picture;
mod regions;
mod rows;

pub use picture::draw;
pub use regions::{read, Region};

use crate::paint::Paint;

pub fn text(regions: &[Region], paint: Paint) -> String {
    format!(
        "{}\n{}",
        rows::text(regions, paint),
        bar::text(regions, paint)
    )
}
