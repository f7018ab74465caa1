// SPDX-License-Identifier: GPL-2.0

//! Putting lines into a text and finding them again. No files here.

use serde::{Deserialize, Serialize};

use crate::hooks::{Insertion, Place};

/// Lines that stand together in a hooked file, and the upstream lines around them, by which
/// they are told from equal lines elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    #[serde(rename = "hook")]
    pub insertions: Vec<Insertion>,
}

impl Block {
    pub fn text(&self) -> String {
        self.insertions.iter().map(|i| i.lines.as_str()).collect()
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Misfit {
    Anchor(usize),
    NoBody,
}

/// The line of `text` before which the insertion goes.
pub fn locate(text: &str, insertion: &Insertion) -> Result<usize, Misfit> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut anchors = (0..lines.len()).filter(|&i| lines[i] == insertion.anchor);
    let anchor = match (anchors.next(), anchors.count()) {
        (Some(anchor), 0) => anchor,
        (None, _) => return Err(Misfit::Anchor(0)),
        (Some(_), more) => return Err(Misfit::Anchor(1 + more)),
    };
    match insertion.place {
        Place::Before => Ok(anchor),
        Place::After => Ok(anchor + 1),
        Place::Body => {
            // A blank line, a semicolon or a closing brace: the head ended without a body.
            let head = |l: &&str| !(l.is_empty() || l.ends_with(';') || l.starts_with('}'));
            let rest = lines[anchor..].iter().take_while(|line| head(line));
            let open = rest.enumerate().find(|(_, line)| **line == "{");
            open.map(|(i, _)| anchor + i + 1).ok_or(Misfit::NoBody)
        }
    }
}

/// `stock` with the insertions, given as (line, insertion), and the blocks they form.
/// Insertions at one line keep their order.
pub fn insert(stock: &str, mut insertions: Vec<(usize, &Insertion)>) -> (String, Vec<Block>) {
    insertions.sort_by_key(|(line, _)| *line);
    let lines: Vec<&str> = stock.split_inclusive('\n').collect();
    let line = |i: usize| {
        lines
            .get(i)
            .map(|line| line.trim_end_matches('\n').to_owned())
    };

    let mut text = String::with_capacity(stock.len());
    let mut blocks = Vec::new();
    let mut copied = 0;
    for group in insertions.chunk_by(|a, b| a.0 == b.0) {
        let at = group[0].0;
        text.extend(lines[copied..at].iter().copied());
        copied = at;
        let block = Block {
            previous: at.checked_sub(1).and_then(line),
            next: line(at),
            insertions: group.iter().map(|(_, i)| (*i).clone()).collect(),
        };
        text.push_str(&block.text());
        blocks.push(block);
    }
    text.extend(lines[copied..].iter().copied());
    (text, blocks)
}

/// `text` without the blocks. On failure, the block that cannot be found for certain.
pub fn strip<'a>(text: &str, blocks: &'a [Block]) -> Result<String, &'a Block> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    for block in blocks {
        let (at, count) = find(&lines, block).ok_or(block)?;
        lines.drain(at..at + count);
    }
    Ok(lines.concat())
}

fn find(lines: &[&str], block: &Block) -> Option<(usize, usize)> {
    let inserted = block.text();
    let wanted: Vec<&str> = inserted.split_inclusive('\n').collect();
    let count = wanted.len();
    let line = |i: usize| lines.get(i).map(|line| line.trim_end_matches('\n'));
    let familiar = |at: usize| {
        let previous = at.checked_sub(1).and_then(line) == block.previous.as_deref();
        let next = line(at + count) == block.next.as_deref();
        usize::from(previous) + usize::from(next)
    };
    let places = lines.windows(count).enumerate();
    let places: Vec<(usize, usize)> = places
        .filter(|(_, window)| *window == wanted)
        .map(|(at, _)| (at, familiar(at)))
        .collect();
    let best = places.iter().map(|(_, familiar)| *familiar).max()?;
    let mut best_places = places.iter().filter(|(_, familiar)| *familiar == best);
    let (at, _) = best_places.next()?;
    // Neighbours edited on both sides, or two equally good places: guessing could take the
    // user's own line away.
    (best > 0 && best_places.next().is_none()).then_some((*at, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insertion(anchor: &str, place: Place, lines: &str) -> Insertion {
        Insertion {
            anchor: anchor.to_owned(),
            place,
            lines: lines.to_owned(),
        }
    }

    fn apply(stock: &str, insertions: &[Insertion]) -> (String, Vec<Block>) {
        let places = insertions.iter().map(|i| (locate(stock, i).unwrap(), i));
        insert(stock, places.collect())
    }

    #[test]
    fn places_lines_around_the_anchor() {
        let stock = "int f(int a,\n\t  int b)\n{\n\treturn a;   \n}\n";
        let cases = [
            (
                Place::Before,
                "int f(int a,",
                "X\nint f(int a,\n\t  int b)\n{\n\treturn a;   \n}\n",
            ),
            (
                Place::After,
                "\treturn a;",
                "int f(int a,\n\t  int b)\n{\n\treturn a;   \nX\n}\n",
            ),
            (
                Place::Body,
                "int f(int a,",
                "int f(int a,\n\t  int b)\n{\nX\n\treturn a;   \n}\n",
            ),
        ];
        for (place, anchor, expected) in cases {
            let (text, blocks) = apply(stock, &[insertion(anchor, place, "X\n")]);
            assert_eq!(text, expected);
            assert_eq!(strip(&text, &blocks).unwrap(), stock);
        }
    }

    #[test]
    fn keeps_the_order_of_hooks_at_one_place() {
        let stock = "a\nb\n";
        let hooks = [
            insertion("a", Place::After, "1\n"),
            insertion("b", Place::Before, "2\n"),
            insertion("b", Place::After, "3\n"),
        ];
        let (text, blocks) = apply(stock, &hooks);
        assert_eq!(text, "a\n1\n2\nb\n3\n");
        assert_eq!(blocks.len(), 2);
        assert_eq!(strip(&text, &blocks).unwrap(), stock);
    }

    #[test]
    fn counts_anchors() {
        let hook = insertion("a", Place::After, "1\n");
        assert_eq!(locate("x\n", &hook), Err(Misfit::Anchor(0)));
        assert_eq!(locate("a\nx\na \n\ta\n", &hook), Err(Misfit::Anchor(2)));
    }

    #[test]
    fn a_declaration_has_no_body() {
        let hook = insertion("int f(int a,", Place::Body, "1\n");
        let declared = "int f(int a,\n\t  int b);\nint g(void)\n{\n}\n";
        assert_eq!(locate(declared, &hook), Err(Misfit::NoBody));
        assert_eq!(locate("int f(int a,\n", &hook), Err(Misfit::NoBody));
    }

    #[test]
    fn tells_inserted_lines_from_equal_upstream_lines() {
        let stock = "x\n#endif\na\nb\n#endif\n";
        let (text, blocks) = apply(stock, &[insertion("a", Place::After, "#endif\n")]);
        assert_eq!(strip(&text, &blocks).unwrap(), stock);

        let edited = text.replace("a\n", "changed\n");
        assert_eq!(
            strip(&edited, &blocks).unwrap(),
            "x\n#endif\nchanged\nb\n#endif\n"
        );

        // Ours is gone; upstream's must not be taken for it.
        assert_eq!(strip(stock, &blocks), Err(&blocks[0]));
    }
}
