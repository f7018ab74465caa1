// SPDX-License-Identifier: GPL-2.0
//! Writes the one archive format that the kernel unpacks as initramfs ("newc").

use std::io::{self, Write};

const DIRECTORY: u32 = 0o040_755;
const EXECUTABLE: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;
/// The kernel's console, (5, 1): init's output before /dev is mounted.
const CONSOLE: (u32, u32) = (5, 1);

pub struct Archive<W: Write> {
    out: W,
    inode: u32,
}

impl<W: Write> Archive<W> {
    pub fn new(out: W) -> Self {
        Self { out, inode: 0 }
    }

    pub fn directory(&mut self, name: &str) -> io::Result<()> {
        self.entry(name, DIRECTORY, (0, 0), &[])
    }

    pub fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.entry(name, EXECUTABLE, (0, 0), content)
    }

    pub fn console(&mut self, name: &str) -> io::Result<()> {
        self.entry(name, CHARACTER_DEVICE, CONSOLE, &[])
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.entry("TRAILER!!!", 0, (0, 0), &[])?;
        Ok(self.out)
    }

    fn entry(
        &mut self,
        name: &str,
        mode: u32,
        device: (u32, u32),
        content: &[u8],
    ) -> io::Result<()> {
        self.inode += 1;
        let size = u32::try_from(content.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let fields = [
            self.inode,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            device.0,
            device.1,
            name.len() as u32 + 1,
            0,
        ];
        write!(self.out, "070701")?;
        for field in fields {
            write!(self.out, "{field:08x}")?;
        }
        let header = 6 + 8 * fields.len();
        self.out.write_all(name.as_bytes())?;
        self.pad(header + name.len(), 1)?;
        self.out.write_all(content)?;
        self.pad(content.len(), 0)
    }

    /// At least `least` zeros, up to a multiple of four.
    fn pad(&mut self, written: usize, least: usize) -> io::Result<()> {
        let zeros = least + (written + least).wrapping_neg() % 4;
        self.out.write_all(&[0; 8][..zeros])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_contents_are_aligned() {
        for length in 0..9 {
            let mut archive = Archive::new(Vec::new());
            archive.file("name", &vec![b'x'; length]).unwrap();
            let bytes = archive.finish().unwrap();
            let second = 110 + 6 + length.next_multiple_of(4);
            assert_eq!(&bytes[110..115], b"name\0", "{length}");
            assert_eq!(&bytes[second..second + 6], b"070701", "{length}");
            assert_eq!(bytes.len() % 4, 0, "{length}");
        }
    }
}
