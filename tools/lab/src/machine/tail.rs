// SPDX-License-Identifier: GPL-2.0
//! The new part of a file that is being written.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};

pub struct Tail {
    path: PathBuf,
    read: u64,
}

impl Tail {
    pub fn new(path: PathBuf) -> Self {
        Self { path, read: 0 }
    }

    /// The whole lines since the last time; none as long as there is no such file.
    pub fn lines(&mut self) -> Result<String> {
        let path = self.path.display();
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
            file => file.with_context(|| path.to_string())?,
        };
        let mut added = Vec::new();
        file.seek(SeekFrom::Start(self.read))?;
        file.read_to_end(&mut added)
            .with_context(|| path.to_string())?;
        let whole = added.iter().rposition(|byte| *byte == b'\n');
        added.truncate(whole.map_or(0, |end| end + 1));
        self.read += added.len() as u64;
        Ok(String::from_utf8_lossy(&added).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_come_once_and_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut tail = Tail::new(path.clone());
        assert_eq!(tail.lines().unwrap(), "");
        let mut file = File::create(path).unwrap();
        for (added, lines) in [
            ("a\nb", "a\n"),
            ("", ""),
            ("c\n", "bc\n"),
            ("d\ne\n", "d\ne\n"),
        ] {
            file.write_all(added.as_bytes()).unwrap();
            assert_eq!(tail.lines().unwrap(), lines);
        }
    }
}
