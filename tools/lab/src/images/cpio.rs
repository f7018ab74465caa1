// SPDX-License-Identifier: GPL-2.0
//! The one archive format that the kernel unpacks as initramfs ("newc").

use std::io::{self, Write};

use cpio::newc::{self, Builder};

const DIRECTORY: u32 = 0o040_755;
const EXECUTABLE: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;

pub struct Archive<W: Write> {
    out: W,
}

impl<W: Write> Archive<W> {
    pub fn new(out: W) -> Self {
        Self { out }
    }

    pub fn directory(&mut self, name: &str) -> io::Result<()> {
        self.entry(Builder::new(name).mode(DIRECTORY), &[])
    }

    pub fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.entry(Builder::new(name).mode(EXECUTABLE), content)
    }

    /// The kernel's console, (5, 1): init's output before /dev is mounted.
    pub fn console(&mut self, name: &str) -> io::Result<()> {
        let device = Builder::new(name).mode(CHARACTER_DEVICE);
        self.entry(device.rdev_major(5).rdev_minor(1), &[])
    }

    pub fn finish(self) -> io::Result<W> {
        newc::trailer(self.out)
    }

    fn entry(&mut self, entry: Builder, content: &[u8]) -> io::Result<()> {
        let size = u32::try_from(content.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut writer = entry.write(&mut self.out, size);
        writer.write_all(content)?;
        writer.finish()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use cpio::newc::Reader;

    use super::*;

    #[test]
    fn entries_come_out_as_they_went_in() {
        let mut archive = Archive::new(Vec::new());
        archive.directory("dev").unwrap();
        archive.console("dev/console").unwrap();
        archive.file("init", b"12345").unwrap();
        let bytes = archive.finish().unwrap();
        let mut left = &bytes[..];
        for (name, mode, device, content) in [
            ("dev", DIRECTORY, (0, 0), ""),
            ("dev/console", CHARACTER_DEVICE, (5, 1), ""),
            ("init", EXECUTABLE, (0, 0), "12345"),
            ("TRAILER!!!", 0, (0, 0), ""),
        ] {
            let mut reader = Reader::new(left).unwrap();
            let mut seen = String::new();
            reader.read_to_string(&mut seen).unwrap();
            let entry = reader.entry();
            assert_eq!((entry.name(), entry.mode()), (name, mode));
            assert_eq!((entry.rdev_major(), entry.rdev_minor()), device);
            assert_eq!(seen, content);
            left = reader.finish().unwrap();
        }
    }
}
