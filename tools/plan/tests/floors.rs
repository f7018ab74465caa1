// SPDX-License-Identifier: GPL-2.0

//! The kernel's crate is a tower of rooms, and its plan a tower of floors. Each uses only those
//! below it, and no files use each other in a circle. The test reads the paths in the source,
//! without tests.

mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tree::{files, top};

const CRATE: &str = "drivers/firmware/efi/rust";
const ARCHES: [&str; 2] = ["arch/x86/efi", "arch/arm64/efi"];

/// The rooms from the top to the bottom, with the floors of the plan.
const FLOORS: [&str; 18] = [
    "exports",
    "takeover",
    "call",
    "report",
    "state",
    "user_mode",
    "handover",
    "this_arch",
    "arch",
    "buffer",
    "ffi",
    "failure",
    "plan::choice",
    "plan::handover",
    "plan::user",
    "plan::map",
    "plan::firmware",
    "plan::base",
];

/// Each file of the crate, by the segments of its module's path, with the modules that it uses.
type Uses = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// The uses of the crate, for each architecture.
fn uses() -> impl Iterator<Item = Uses> {
    modules().map(|files| {
        let names: BTreeSet<_> = files.keys().cloned().collect();
        let uses = files.into_iter().map(|(module, path)| {
            let text = fs::read_to_string(path).unwrap();
            let used = paths(&module, &text)
                .into_iter()
                .filter_map(|path| file_of(path, &names))
                .filter(|used| *used != module)
                .collect();
            (module, used)
        });
        uses.collect()
    })
}

/// The files of the crate for each architecture, without those that only tests use.
fn modules() -> impl Iterator<Item = BTreeMap<Vec<String>, PathBuf>> {
    let top = top();
    ARCHES.into_iter().map(move |arch| {
        let mut modules = modules_in(&top.join(CRATE));
        assert!(modules.len() > 60, "the crate was not found");
        modules.remove(["efi_rtmap".to_owned()].as_slice());
        for (mut module, path) in modules_in(&top.join(arch)) {
            module.insert(0, "this_arch".to_owned());
            module.retain(|name| name != "rtmap");
            modules.insert(module, path);
        }
        modules.retain(|module, _| !module.last().is_some_and(|name| name.ends_with("fixtures")));
        modules
    })
}

/// The modules of the folder and their files.
fn modules_in(folder: &Path) -> BTreeMap<Vec<String>, PathBuf> {
    let mut found = BTreeMap::new();
    for path in files(folder) {
        let Some(module) = path.to_str().and_then(|path| path.strip_suffix(".rs")) else {
            continue;
        };
        let module = Path::new(module).strip_prefix(folder).unwrap();
        let names = module.iter().map(|name| name.to_str().unwrap().to_owned());
        found.insert(names.filter(|name| name != "mod").collect(), path);
    }
    found
}

/// The paths of the crate that `text` names, from `crate` on. `text` is the code of `module`.
fn paths(module: &[String], text: &str) -> Vec<Vec<String>> {
    let code: String = text
        .lines()
        .take_while(|line| !line.starts_with("mod tests"))
        .map(|line| line.split("//").next().unwrap().to_owned() + "\n")
        .collect();
    let mut found = Vec::new();
    for (start, ups) in [("crate::", None), ("super::", Some(1)), ("self::", Some(0))] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|before| before.is_alphanumeric() || before == ':') {
                continue;
            }
            let base = match ups {
                None => Vec::new(),
                Some(ups) => module[..module.len().saturating_sub(ups)].to_vec(),
            };
            imports(
                &mut tokens(&code[at + start.len()..]).into_iter(),
                base,
                &mut found,
            );
        }
    }
    found
}

/// Splits `text` into words, braces and commas.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for char in text.chars() {
        if char.is_alphanumeric() || char == '_' {
            word.push(char);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        match char {
            ':' => (),
            '{' | '}' | ',' | '*' => tokens.push(char.to_string()),
            char if char.is_whitespace() => (),
            _ => {
                tokens.push(";".to_owned());
                break;
            }
        }
    }
    tokens
}

/// Adds the paths of one tree of imports that begin with `base`. Returns the token after it.
fn imports(
    tokens: &mut impl Iterator<Item = String>,
    base: Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> Option<String> {
    let mut path = base;
    // The last path may have a comma after it.
    let mut empty = true;
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "{" => {
                while imports(tokens, path.clone(), found).is_some_and(|end| end == ",") {}
                return tokens.next();
            }
            "}" | "," | ";" => {
                if !empty {
                    found.push(path);
                }
                return Some(token);
            }
            "super" => drop(path.pop()),
            "self" => (),
            _ => path.push(token),
        }
        empty = false;
    }
    None
}

/// The file that contains the item or module `path`.
fn file_of(mut path: Vec<String>, modules: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    while !modules.contains(&path) {
        path.pop()?;
    }
    Some(path)
}

/// The number of the floor of `module`, from the top. The plan's `mod.rs` ties its floors together.
fn floor(module: &[String]) -> usize {
    let path = module.join("::");
    FLOORS
        .iter()
        .position(|floor| format!("{path}::").starts_with(&format!("{floor}::")) || path == "plan")
        .unwrap_or_else(|| panic!("{path} has no floor: add it to FLOORS"))
}

#[test]
fn each_floor_uses_those_below_it() {
    let mut upwards = Vec::new();
    for (module, used) in uses().flatten() {
        for used in used {
            if floor(&used) < floor(&module) {
                upwards.push(format!("{} uses {}", module.join("::"), used.join("::")));
            }
        }
    }
    assert_eq!(upwards, [""; 0]);
}

#[test]
fn no_file_uses_itself_in_the_end() {
    for mut left in uses() {
        // Each round removes files that use no remaining file, or that no remaining file uses.
        loop {
            let before = left.len();
            let names: BTreeSet<_> = left.keys().cloned().collect();
            let used: BTreeSet<_> = left.values().flatten().cloned().collect();
            left.retain(|name, uses| used.contains(name) && !uses.is_disjoint(&names));
            if left.len() == before {
                break;
            }
        }
        let circle: Vec<_> = left.keys().map(|module| module.join("::")).collect();
        assert_eq!(circle, [""; 0]);
    }
}

#[test]
fn no_two_files_have_one_name() {
    for modules in modules() {
        let files = modules.values().map(|path| path.file_name().unwrap());
        let mut seen = BTreeSet::new();
        let twice: Vec<_> = files
            .filter(|name| *name != "mod.rs" && !seen.insert(name.to_owned()))
            .collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let module = ["plan", "map", "entry"].map(str::to_owned);
    let text = "use super::layout::{\n    self,\n    Window, //\n};\nuse crate::{ffi::{self, map}, plan::{\
                base::{addr::A, list::B}, firmware::perm}};\n// crate::plan::choice::No\n\
                fn f(_: crate::plan::choice::C)\nmod tests {\n    use crate::plan::choice::D;\n";
    let mut paths: Vec<_> = paths(&module, text)
        .iter()
        .map(|path| path.join("::"))
        .collect();
    paths.sort();
    let expected = [
        "ffi",
        "ffi::map",
        "plan::base::addr::A",
        "plan::base::list::B",
        "plan::choice::C",
        "plan::firmware::perm",
        "plan::map::layout",
        "plan::map::layout::Window",
    ];
    assert_eq!(paths, expected);
}
