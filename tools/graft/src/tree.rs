// SPDX-License-Identifier: GPL-2.0

//! A Linux tree on disk, addressed by paths that cannot leave it.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind::*, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{anyhow, bail, Context, Result};
use serde::{Deserialize, Serialize};

/// A path below the tree's top, with `/` between plain names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TreePath(String);

impl TryFrom<String> for TreePath {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        let plain = |c| matches!(c, Component::Normal(_));
        if path.is_empty() || !Path::new(&path).components().all(plain) {
            return Err(format!("`{path}` is not a path inside a kernel tree"));
        }
        Ok(Self(path))
    }
}

impl From<TreePath> for String {
    fn from(path: TreePath) -> String {
        path.0
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TreePath {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders above the path, the innermost first, without the tree's top.
    pub fn folders(&self) -> impl Iterator<Item = TreePath> + '_ {
        self.0
            .rmatch_indices('/')
            .map(|(end, _)| TreePath(self.0[..end].to_owned()))
    }
}

/// `7.3`: a kernel and its stable updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Version(u32, u32);

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.split_once('.').and_then(|(version, patchlevel)| {
            Some((version.parse().ok()?, patchlevel.parse().ok()?))
        });
        let (version, patchlevel) = parsed.ok_or(format!(
            "`{text}` is not the number of a kernel, such as `7.3`"
        ))?;
        Ok(Self(version, patchlevel))
    }
}

pub struct Tree {
    top: PathBuf,
    version: Version,
    /// With the number of the stable update.
    release: String,
}

impl Tree {
    pub fn open(top: &Path) -> Result<Self> {
        let makefile = fs::read_to_string(top.join("Makefile")).unwrap_or_default();
        let value = |name: &str| {
            let assigned = |line: &str| {
                let (key, value) = line.split_once('=')?;
                (key.trim() == name).then(|| value.trim().to_owned())
            };
            makefile.lines().take(20).find_map(assigned)
        };
        let (Some(version), Some(patchlevel)) = (value("VERSION"), value("PATCHLEVEL")) else {
            bail!(
                "{}: not a kernel tree: no Makefile there that sets VERSION and PATCHLEVEL",
                top.display()
            );
        };
        let number = format!("{version}.{patchlevel}");
        let of_kernel = Version::try_from(number)
            .map_err(|error| anyhow!("{}: {error}", top.join("Makefile").display()))?;
        let sublevel = value("SUBLEVEL").unwrap_or_default();
        let extra = value("EXTRAVERSION").unwrap_or_default();
        Ok(Self {
            top: top.to_owned(),
            version: of_kernel,
            release: format!("{version}.{patchlevel}.{sublevel}{extra}"),
        })
    }

    /// A tree of the same kernel elsewhere.
    pub fn at(&self, top: &Path) -> Self {
        Self {
            top: top.to_owned(),
            version: self.version,
            release: self.release.clone(),
        }
    }

    pub fn describe(&self) -> String {
        format!("Linux {} in {}", self.release, self.top.display())
    }

    pub fn version(&self) -> Version {
        self.version
    }

    pub fn path(&self, path: &TreePath) -> PathBuf {
        self.top.join(&path.0)
    }

    /// The content of the file at `path`, or `None` if there is none.
    pub fn read(&self, path: &TreePath) -> Result<Option<Vec<u8>>> {
        let path = self.path(path);
        match fs::read(&path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Replaces a file in one step. A tree made of hard links is safe: the link is broken.
    pub fn write(&self, path: &TreePath, content: &[u8], mode: Permissions) -> Result<()> {
        let path = self.path(path);
        let write = || -> io::Result<()> {
            let folder = path.parent().unwrap_or(&self.top);
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(content)?;
            file.as_file().set_permissions(mode)?;
            file.persist(&path)?;
            Ok(())
        };
        write().with_context(|| format!("writing {}", path.display()))
    }

    pub fn remove(&self, path: &TreePath) -> Result<()> {
        let path = self.path(path);
        fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))
    }

    /// Removes a folder unless somebody has put something into it.
    pub fn remove_folder_if_empty(&self, path: &TreePath) -> Result<()> {
        let path = self.path(path);
        match fs::remove_dir(&path) {
            Err(error) if !matches!(error.kind(), NotFound | DirectoryNotEmpty) => {
                Err(error).with_context(|| format!("removing {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}
