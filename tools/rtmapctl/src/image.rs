// SPDX-License-Identifier: GPL-2.0
//! The head of a kernel's image: Documentation/arch/x86/boot.rst and
//! Documentation/arch/arm64/booting.rst of the kernel.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{bail, Context, Result};

/// The version of an x86 kernel begins within 64 KiB after its head.
const HEAD: u64 = 128 << 10;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    pub kind: Kind,
    /// The kernel's version, if the head has it.
    version: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Bzimage {
        long_mode: bool,
        /// It can be loaded above 4 GiB.
        above_4g: bool,
    },
    Arm64 {
        /// KiB, if the head tells.
        page: Option<u32>,
    },
    /// An EFI program that holds the kernel compressed.
    Compressed,
}

impl Image {
    pub fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let mut head = Vec::new();
        let file = File::open(path).with_context(name)?;
        file.take(HEAD).read_to_end(&mut head).with_context(name)?;
        match Self::of(&head) {
            Some(image) => Ok(image),
            None => bail!(
                "{}: neither a bzImage, nor an Image of arm64, nor a compressed EFI image: give the \
                 file that kexec is given",
                name()
            ),
        }
    }

    fn of(head: &[u8]) -> Option<Self> {
        let at = |offset: usize, count: usize| head.get(offset..offset.checked_add(count)?);
        let half = |offset| Some(u16::from_le_bytes(at(offset, 2)?.try_into().ok()?));
        if at(0x202, 4) == Some(b"HdrS") {
            // Older protocols have no such flags.
            let protocol = half(0x206)?;
            let flags = half(0x236).filter(|_| protocol >= 0x20c).unwrap_or(0);
            let version = half(0x20e).filter(|&offset| offset != 0);
            let version = version.and_then(|offset| head.get(0x200 + usize::from(offset)..));
            return Some(Self {
                kind: Kind::Bzimage {
                    long_mode: flags & 1 != 0,
                    above_4g: flags & 2 != 0,
                },
                version: version.and_then(text),
            });
        }
        let kind = if at(56, 4) == Some(b"ARM\x64") {
            let flags = half(24)?;
            let page = [None, Some(4), Some(16), Some(64)];
            Kind::Arm64 {
                page: page[usize::from(flags >> 1 & 3)],
            }
        } else if at(0, 2) == Some(b"MZ") && at(4, 4) == Some(b"zimg") {
            Kind::Compressed
        } else {
            return None;
        };
        Some(Self {
            kind,
            version: None,
        })
    }
}

/// A string that ends with a zero, if it can be printed.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|&byte| byte == 0)?;
    let text = bytes.get(..end)?;
    let good = text.iter().all(|byte| (b' '..=b'~').contains(byte));
    let word = text.split(|&byte| byte == b' ').next()?;
    good.then(|| String::from_utf8_lossy(word).into_owned())
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Bzimage { long_mode, .. } => {
                f.write_str(if long_mode {
                    "an x86-64 kernel"
                } else {
                    "a 32-bit x86 kernel"
                })?;
            }
            Kind::Arm64 { page: Some(page) } => {
                write!(f, "an arm64 kernel with pages of {page} KiB")?
            }
            Kind::Arm64 { page: None } => f.write_str("an arm64 kernel")?,
            Kind::Compressed => {
                f.write_str("a compressed EFI image, whose kernel is not looked at")?
            }
        }
        match &self.version {
            Some(version) => write!(f, ", version {version}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bzimage(protocol: u16, flags: u16) -> Vec<u8> {
        let mut head = vec![0; 0x400];
        head[0x202..0x206].copy_from_slice(b"HdrS");
        head[0x206..0x208].copy_from_slice(&protocol.to_le_bytes());
        head[0x20e..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
        head[0x236..0x238].copy_from_slice(&flags.to_le_bytes());
        head[0x300..0x30c].copy_from_slice(b"7.3.4 (a@b)\0");
        head
    }

    #[test]
    fn an_x86_kernel_has_a_version_and_flags() {
        let image = Image::of(&bzimage(0x20f, 3)).unwrap();
        assert_eq!(image.to_string(), "an x86-64 kernel, version 7.3.4");
        let above_4g = |flags| match Image::of(&bzimage(0x20f, flags)).unwrap().kind {
            Kind::Bzimage { above_4g, .. } => above_4g,
            kind => panic!("{kind:?}"),
        };
        assert!(above_4g(3) && !above_4g(1));
        let old = Image::of(&bzimage(0x20b, 3)).unwrap();
        assert!(old.to_string().starts_with("a 32-bit x86 kernel"));
    }

    #[test]
    fn an_arm64_kernel_has_pages() {
        let mut head = vec![0; 64];
        head[56..60].copy_from_slice(b"ARM\x64");
        for (flags, page) in [(0, None), (2, Some(4)), (4, Some(16)), (6, Some(64))] {
            head[24] = flags;
            let image = Image::of(&head).unwrap();
            assert_eq!(image.kind, Kind::Arm64 { page });
        }
    }

    #[test]
    fn other_files_are_no_images() {
        assert_eq!(
            Image::of(b"MZ\0\0zimg").map(|image| image.kind),
            Some(Kind::Compressed)
        );
        assert_eq!(Image::of(b""), None);
        assert_eq!(Image::of(&[0; 0x400]), None);
        assert_eq!(Image::of(&bzimage(0x20f, 3)[..0x206]), None);
    }
}
