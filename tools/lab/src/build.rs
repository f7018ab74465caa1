// SPDX-License-Identifier: GPL-2.0
//! Where things are in the build directory (O=) and around it.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};

use crate::arch::Arch;
use crate::scenario::Image;

/// A kernel that unpacks itself, on arm64, in a kernel's build directory.
const PACKED: &str = "arch/arm64/boot/vmlinuz.efi";

/// The build of one architecture.
pub struct Build {
    root: PathBuf,
    arch: &'static Arch,
}

impl Build {
    pub fn new(root: &Path, arch: &'static Arch) -> Result<Self> {
        std::fs::create_dir_all(root).with_context(|| root.display().to_string())?;
        // QEMU and cargo run elsewhere: relative paths would not do.
        Ok(Self {
            root: root.canonicalize()?,
            arch,
        })
    }

    /// The parts are side by side, each with a folder for this architecture in it.
    fn part(&self, name: &str) -> PathBuf {
        self.root.join(name).join(self.arch.name)
    }

    pub fn guest_dir(&self) -> PathBuf {
        self.part("guest")
    }

    pub fn initrd(&self) -> PathBuf {
        self.guest_dir().join("initrd.gz")
    }

    pub fn hostile_dir(&self) -> PathBuf {
        self.part("hostile")
    }

    pub fn hostile_rom(&self) -> PathBuf {
        self.hostile_dir().join("hostile.rom")
    }

    pub fn logs(&self, scenario: &str) -> PathBuf {
        self.part("lab").join(scenario)
    }

    /// Where the rows of the comparison with stock are kept.
    pub fn comparison(&self, arch: &Arch) -> PathBuf {
        self.root.join("menu").join(format!("{}.json", arch.name))
    }

    /// The pages of all architectures.
    pub fn report_dir(&self) -> PathBuf {
        self.root.join("report")
    }

    /// Where Debian's own kernels are.
    fn debian_kernel(&self, image: Image) -> Result<PathBuf> {
        let path = PathBuf::from(given("DEBIAN_KERNELS")?).join(image.to_string());
        ensure!(
            path.exists(),
            "no {image} kernel at {}: run `make debian-kernels ARCH={}` first",
            path.display(),
            self.arch.name
        );
        Ok(path)
    }

    /// The modules without which the guest cannot report, of a kernel that has some, in the order
    /// of their names.
    pub fn modules(&self, image: Image) -> Result<Vec<PathBuf>> {
        if !image.is_debian() {
            return Ok(Vec::new());
        }
        let folder = self.debian_kernel(image)?.join("modules");
        let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    }

    /// Where the chains with Debian's own kernels are kept.
    pub fn neighbours(&self, arch: &Arch) -> PathBuf {
        self.root
            .join("neighbours")
            .join(format!("{}.json", arch.name))
    }

    /// Debian's machine: its disk and firmware's variables, with Secure Boot on.
    pub fn distro(&self, arch: &Arch) -> PathBuf {
        self.root.join("distro").join(arch.name)
    }

    /// The keys that Debian's machine trusts.
    pub fn distro_keys(&self) -> PathBuf {
        self.root.join("distro").join("keys")
    }

    /// The packages of `make deb`.
    pub fn packages(&self) -> PathBuf {
        self.root.join("deb")
    }

    pub fn kernel_dir(&self, image: Image) -> PathBuf {
        let tree = match image {
            Image::Stock => "stock",
            _ => "rtmap",
        };
        let kernels = self.root.join("linux").join(tree);
        kernels.join(self.arch.name).join(image.to_string())
    }

    /// The file that firmware starts: the packed kernel, if that is another one.
    pub fn bootable(&self, image: Image) -> Result<PathBuf> {
        let packed = self.kernel_dir(image).join(PACKED);
        if packed.exists() {
            return Ok(packed);
        }
        self.kernel(image)
    }

    pub fn kernel(&self, image: Image) -> Result<PathBuf> {
        if image.is_debian() {
            return Ok(self.debian_kernel(image)?.join("kernel"));
        }
        let path = self.kernel_dir(image).join(self.arch.kernel);
        ensure!(
            path.exists(),
            "no {image} kernel at {}: run `make kernel ARCH={}` first",
            path.display(),
            self.arch.name
        );
        Ok(path)
    }
}

/// The workspace that this program was built from.
pub fn tools_dir() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

pub fn default_scenarios() -> PathBuf {
    tools_dir().join("scenarios")
}

/// A fact about this machine that tools/run-lab knows, and passes on under this name.
pub fn given(name: &str) -> Result<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.with_context(|| format!("{name} is not set: start this program by tools/run-lab"))
}
