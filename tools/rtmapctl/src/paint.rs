// SPDX-License-Identifier: GPL-2.0
//! Colours, for terminals only.

use std::env;
use std::io::{self, IsTerminal};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paint {
    Plain,
    Coloured,
}

impl Paint {
    /// Standard output has colours if it is a terminal and NO_COLOR is not set, or empty.
    pub fn of_output() -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match io::stdout().is_terminal() && !refused {
            true => Self::Coloured,
            false => Self::Plain,
        }
    }

    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    pub fn doubtful(self, text: &str) -> String {
        self.with("33", text)
    }

    pub fn heading(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.into(),
            Self::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_only_where_they_are_asked_for() {
        assert_eq!(Paint::Plain.bad("off"), "off");
        assert_eq!(Paint::Coloured.bad("off"), "\x1b[31moff\x1b[0m");
    }
}
