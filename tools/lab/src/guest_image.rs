// SPDX-License-Identifier: GPL-2.0
//! Builds the guest's initrd: our /init, busybox, and the real kexec-tools with their libraries.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, ensure, Context, Result};
use flate2::write::GzEncoder;
use flate2::Compression;

use crate::arch::Arch;
use crate::build::{cache_dir, tools_dir, Build};
use crate::cpio::Archive;

const KEXEC_DIRS: &[&str] = &["sbin", "usr/sbin"];
const BUSYBOX_DIRS: &[&str] = &["bin", "usr/bin"];

/// Builds the initrd if anything that goes into it has changed; says whether it did.
pub fn build(build: &Build, arch: &Arch) -> Result<bool> {
    fs::create_dir_all(build.guest_dir())?;
    let packages = Packages::new(arch)?;
    let kexec = packages.program("kexec", "kexec-tools", KEXEC_DIRS)?;
    let mut files = vec![
        ("init".to_string(), compile_init(build, arch)?),
        (
            "bin/busybox".into(),
            packages.program("busybox", "busybox-static", BUSYBOX_DIRS)?,
        ),
        ("sbin/kexec".into(), kexec.clone()),
    ];
    for library in packages.libraries(&kexec)? {
        let installed = library.strip_prefix(&packages.root).unwrap_or(&library);
        let name = installed.to_string_lossy();
        files.push((name.trim_start_matches('/').to_string(), library));
    }

    let initrd = build.initrd();
    if is_newer(&initrd, files.iter().map(|(_, path)| path))? {
        return Ok(false);
    }
    let archive = pack(&files)?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&archive)?;
    // A run that is interrupted must not leave half an initrd that looks fresh.
    let unfinished = initrd.with_extension("unfinished");
    fs::write(&unfinished, gzip.finish()?)?;
    fs::rename(&unfinished, &initrd)?;
    Ok(true)
}

fn compile_init(build: &Build, arch: &Arch) -> Result<PathBuf> {
    let target = build.guest_dir().join("target");
    let linker_flags = format!(
        "CARGO_TARGET_{}_RUSTFLAGS",
        arch.rust_target.to_uppercase().replace('-', "_")
    );
    let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .current_dir(tools_dir())
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--package", "efi-rtmap-guest", "--bin", "init"])
        .args(["--target", arch.rust_target, "--target-dir"])
        .arg(&target)
        .env(
            linker_flags,
            "-C target-feature=+crt-static -C strip=symbols",
        )
        .status()
        .context("cargo")?;
    ensure!(status.success(), "cargo could not build the guest's init");
    Ok(target.join(arch.rust_target).join("release/init"))
}

/// Debian packages, unpacked in the cache: the host's own set stays as it is.
struct Packages {
    debs: PathBuf,
    root: PathBuf,
    library_path: PathBuf,
}

impl Packages {
    fn new(arch: &Arch) -> Result<Self> {
        let cache = cache_dir()?;
        let root = cache.join("guest-root");
        Ok(Self {
            debs: cache.join("debs"),
            library_path: root.join("usr/lib").join(arch.library_triplet),
            root,
        })
    }

    /// The host's program, or else the one of Debian's package.
    fn program(&self, name: &str, package: &str, directories: &[&str]) -> Result<PathBuf> {
        let find = |root: &Path| {
            directories
                .iter()
                .map(|directory| root.join(directory).join(name))
                .find(|path| path.exists() && self.suits(path))
        };
        if let Some(path) = find(Path::new("/")).or_else(|| find(&self.root)) {
            return Ok(path);
        }
        self.unpack(package)?;
        find(&self.root).with_context(|| format!("no {name} in the package {package}"))
    }

    /// A dynamic busybox is not what we want; a program whose libraries are missing is no use.
    fn suits(&self, path: &Path) -> bool {
        self.libraries(path)
            .is_ok_and(|libraries| libraries.is_empty() || !path.ends_with("busybox"))
    }

    /// Downloads and unpacks what installing `package` would add to this host.
    fn unpack(&self, package: &str) -> Result<()> {
        eprintln!("lab: downloading {package} and what it needs");
        let plan = apt_get(
            package,
            Path::new("/"),
            &["--simulate", "--no-install-recommends", "install", package],
        )?;
        let wanted: Vec<&str> = plan
            .lines()
            .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next())
            .collect();
        // Unpacked from an empty directory, so that every file there is one of these.
        let debs = self.debs.join(package);
        if debs.exists() {
            fs::remove_dir_all(&debs)?;
        }
        fs::create_dir_all(&debs).with_context(|| debs.display().to_string())?;
        let download = ["-o", "APT::Sandbox::User=root", "download"];
        apt_get(package, &debs, &[&download[..], &wanted].concat())?;
        for deb in fs::read_dir(&debs)? {
            let deb = deb?.path();
            let status = Command::new("dpkg")
                .arg("-x")
                .args([&deb, &self.root])
                .status()
                .context("dpkg")?;
            ensure!(status.success(), "dpkg could not unpack {}", deb.display());
        }
        Ok(())
    }

    /// The shared libraries of `program`, its interpreter included.
    fn libraries(&self, program: &Path) -> Result<BTreeSet<PathBuf>> {
        let output = Command::new("ldd")
            .arg(program)
            .env("LD_LIBRARY_PATH", &self.library_path)
            .output()
            .context("ldd")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        if said.contains("not a dynamic executable") {
            return Ok(BTreeSet::new());
        }
        ensure!(output.status.success(), "ldd {}: {said}", program.display());
        let mut found = BTreeSet::new();
        for line in said.lines() {
            if line.contains("not found") {
                bail!("{} needs {}", program.display(), line.trim());
            }
            found.extend(
                line.split_ascii_whitespace()
                    .find(|word| word.starts_with('/'))
                    .map(PathBuf::from),
            );
        }
        Ok(found)
    }
}

fn apt_get(package: &str, directory: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("apt-get")
        .arg("-qq")
        .args(arguments)
        .current_dir(directory)
        .output()
        .context("apt-get")?;
    ensure!(
        output.status.success(),
        "package {package}: run `apt-get update`, or install it\n{}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn is_newer<'a>(product: &Path, sources: impl Iterator<Item = &'a PathBuf>) -> Result<bool> {
    let Ok(built) = fs::metadata(product) else {
        return Ok(false);
    };
    let built = built.modified()?;
    for source in sources {
        if fs::metadata(source)?.modified()? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

fn pack(files: &[(String, PathBuf)]) -> Result<Vec<u8>> {
    let mut directories = BTreeSet::from(["dev".to_string(), "proc".into(), "sys".into()]);
    for (name, _) in files {
        let parents = Path::new(name).ancestors().skip(1);
        directories.extend(parents.map(|parent| parent.to_string_lossy().into_owned()));
    }
    directories.remove("");

    let mut archive = Archive::new(Vec::new());
    for directory in &directories {
        archive.directory(directory)?;
    }
    archive.console("dev/console")?;
    for (name, path) in files {
        let content = fs::read(path).with_context(|| path.display().to_string())?;
        archive.file(name, &content)?;
    }
    Ok(archive.finish()?)
}
