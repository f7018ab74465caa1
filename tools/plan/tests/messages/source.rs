// SPDX-License-Identifier: GPL-2.0

//! The texts of the code, in Rust and in C.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use efi_rtmap_plan::message::split;

use crate::tree::files;

/// A text with places for values.
#[derive(Debug)]
pub struct Text {
    pub file: String,
    /// The text between the values. There is one part more than there are values.
    pub parts: Vec<String>,
}

impl Text {
    pub fn skeleton(&self) -> String {
        self.parts.join("{}")
    }

    pub fn has_words(&self) -> bool {
        self.words() > 0
    }

    /// The number of letters, without the common prefix of all messages.
    pub fn words(&self) -> usize {
        let letters = |part: &String| part.bytes().filter(u8::is_ascii_alphabetic).count();
        let prefix = self.parts[0].starts_with(PREFIX);
        self.parts.iter().map(letters).sum::<usize>() - if prefix { "efirtmap".len() } else { 0 }
    }
}

/// The prefix that the kernel adds to messages of Rust. C has it in its own texts.
const PREFIX: &str = "efi: rtmap: ";
/// The levels of messages that a user may see.
const LEVELS: [&str; 7] = ["emerg", "alert", "crit", "err", "warn", "notice", "info"];
const FW_BUG: &str = "[Firmware Bug]: ";

/// The kernel's functions that print: `pr_<level><how>`, in C and in Rust.
fn printers() -> impl Iterator<Item = (&'static str, &'static str)> {
    LEVELS
        .into_iter()
        .flat_map(|level| ["", "_once", "_ratelimited"].map(|how| (level, how)))
}

#[derive(Debug, Default)]
pub struct Source {
    /// Whole lines of the log.
    pub prints: Vec<Text>,
    /// Parts of lines.
    pub fragments: Vec<Text>,
    /// All short texts, of which some are values.
    pub words: BTreeSet<String>,
}

impl Source {
    /// Reads all files in `folder`.
    pub fn read(&mut self, folder: &Path) {
        for path in files(folder) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.ends_with(".rs") {
                self.read_rust(name, &fs::read_to_string(&path).unwrap());
            } else if name.ends_with(".c") && !name.contains("kunit") {
                self.read_c(name, &fs::read_to_string(&path).unwrap());
            }
        }
    }

    fn read_rust(&mut self, file: &str, code: &str) {
        // Tests follow this line.
        let code = code.split("\nmod tests {").next().unwrap();
        let code = without_comments(code);
        for (level, how) in printers() {
            for argument in arguments(&code, &format!("pr_{level}{how}!(")) {
                let text = rust_text(&code, argument).expect(argument);
                self.prints.push(template(file, &format!("{PREFIX}{text}")));
            }
        }
        for call in ["write!(", "write_str(", "refuse(", "format_args!("] {
            let texts = arguments(&code, call).filter_map(|argument| {
                let argument = argument.strip_prefix("f,").unwrap_or(argument);
                rust_text(&code, argument.trim_start())
            });
            self.fragments
                .extend(texts.map(|text| template(file, &text)));
        }
        self.words.extend(literals(&code));
    }

    fn read_c(&mut self, file: &str, code: &str) {
        let code = without_comments(code);
        let prefix = code.split_once("#define pr_fmt(fmt) ");
        let prefix = prefix.map_or(String::new(), |(_, text)| literal(text).unwrap().0);
        let kernels = printers().map(|(level, how)| (format!("pr_{level}{how}("), prefix.as_str()));
        let stubs = [
            ("efi_printk(", "EFI stub: "),
            ("efi_info(", "EFI stub: "),
            ("efi_warn(", "EFI stub: WARNING: "),
            ("efi_err(", "EFI stub: ERROR: "),
        ];
        let stubs = stubs.map(|(call, prefix)| (call.to_owned(), prefix));
        for (call, prefix) in kernels.chain(stubs) {
            for argument in arguments(&code, &call) {
                let text = format!("{prefix}{}", c_text(argument));
                self.prints.push(template(file, &braces(&text)));
            }
        }
    }
}

fn template(file: &str, text: &str) -> Text {
    Text {
        file: file.to_owned(),
        parts: split(text.trim_end_matches('\n'))
            .into_iter()
            .map(str::to_owned)
            .collect(),
    }
}

/// The text after each `call` in `code`.
fn arguments<'c>(code: &'c str, call: &'c str) -> impl Iterator<Item = &'c str> {
    let calls = code.match_indices(call).filter(move |(at, _)| {
        // The match must not be the end of a longer name.
        !code[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    });
    calls.map(move |(at, _)| code[at + call.len()..].trim_start())
}

/// The text of a Rust `argument`, which is a literal or a constant. [`None`] if it is neither.
fn rust_text(code: &str, argument: &str) -> Option<String> {
    let text = match literal(argument) {
        Some((text, _)) => text,
        None => {
            let name = argument.split([')', ',']).next()?;
            let (_, value) = code.split_once(&format!("const {name}: &str = "))?;
            literal(value)?.0
        }
    };
    let text = text.replace("{FW_BUG}", FW_BUG);
    // This value is a constant, and is the same in all messages.
    Some(match code.split_once("let retry = ") {
        Some((_, value)) => text.replace("{retry}", &literal(value)?.0),
        None => text,
    })
}

/// The text of a C `argument`: literals and constants, one after the other.
fn c_text(argument: &str) -> String {
    let mut text = String::new();
    let mut rest = argument;
    loop {
        rest = rest.trim_start();
        if let Some((part, after)) = literal(rest) {
            text += &part;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("FW_BUG") {
            text += FW_BUG;
            rest = after;
        } else if rest.starts_with("KERN_") {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
        } else {
            assert!(!text.is_empty(), "no text: {argument:.60}");
            return text;
        }
    }
}

/// Replaces conversions by braces: `%#lx`, `%pa`, `%s`.
fn braces(text: &str) -> String {
    let mut parts = text.split('%');
    let mut braces = parts.next().unwrap().to_owned();
    for part in parts {
        let part = part.trim_start_matches(['#', 'l', '0', '1', '2', '3', '4', '5', '6', '7', '8']);
        let part = part.strip_prefix("pa").unwrap_or_else(|| &part[1..]);
        braces += "{}";
        braces += part;
    }
    braces
}

/// The literal at the start of `code`, and the rest.
fn literal(code: &str) -> Option<(String, &str)> {
    let code = code.strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = code.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, &code[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => text.push('\n'),
                '\n' => {
                    // The literal continues on the next line.
                    let rest = chars.as_str().trim_start();
                    chars = code.char_indices();
                    chars.nth(code.chars().count() - rest.chars().count() - 1);
                }
                other => text.push(other),
            },
            c => text.push(c),
        }
    }
    None
}

/// All literals of `code` without values.
fn literals(code: &str) -> impl Iterator<Item = String> + '_ {
    code.match_indices('"')
        .filter_map(|(at, _)| literal(&code[at..]))
        .map(|(text, _)| text)
        .filter(|text| !text.is_empty() && text.len() < 40 && !text.contains(['{', ';', '\n']))
}

fn without_comments(code: &str) -> String {
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut parts = code.split("/*");
    let mut rest = parts.next().unwrap().to_owned();
    for part in parts {
        rest += part.split_once("*/").map_or(part, |(_, after)| after);
    }
    rest
}
