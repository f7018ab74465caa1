// SPDX-License-Identifier: GPL-2.0
//! The file: one line for each descriptor, and numbers in the specification's notation.

use std::fmt;

use serde::Deserialize;

/// This number grows when an older reader would misunderstand the file.
pub const FORMAT: u32 = 1;

/// Bytes of the fields that UEFI defines in a memory descriptor.
const DESCRIPTOR_SIZE: usize = 40;

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    pub format: u32,
    /// The architecture, as in `uname -m`.
    pub architecture: String,
    /// The release of the kernel that was running.
    pub kernel: String,
    pub machine: Machine,
    pub firmware: Firmware,
}

impl Recording {
    /// Makes a recording of this `machine`, which runs the release `kernel`.
    pub fn new(kernel: String, machine: Machine, firmware: Firmware) -> Self {
        Self {
            format: FORMAT,
            architecture: std::env::consts::ARCH.into(),
            kernel,
            machine,
            firmware,
        }
    }
}

/// The names of the machine in SMBIOS. Firmware may leave any of them out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    pub vendor: Option<String>,
    pub product: Option<String>,
    pub bios_version: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firmware {
    pub bits: u32,
    pub vendor: String,
    pub revision: u32,
    /// The version of UEFI: 0x2_0046 is 2.7.
    pub system_table_revision: u32,
    pub rt_properties: Option<RtProperties>,
    pub memory_map: MemoryMap,
    pub memory_attributes: Option<MemoryAttributes>,
}

/// `EFI_RT_PROPERTIES_TABLE` (UEFI 2.10, section 4.6).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RtProperties {
    pub version: u16,
    /// One bit for each runtime service that firmware supports after ExitBootServices().
    pub services: u32,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryMap {
    pub descriptor_size: u32,
    pub descriptor_version: u32,
    pub descriptors: Vec<Descriptor>,
}

/// `EFI_MEMORY_ATTRIBUTES_TABLE` (UEFI 2.10, section 4.6).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryAttributes {
    pub version: u32,
    /// The number of entries in the table's header.
    pub count: u32,
    pub descriptor_size: u32,
    pub flags: u32,
    /// There are none if the numbers above cannot be a table's.
    pub entries: Vec<Descriptor>,
}

/// `EFI_MEMORY_DESCRIPTOR`, as firmware wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    #[serde(rename = "type")]
    pub ty: u32,
    pub phys: u64,
    pub pages: u64,
    pub attribute: u64,
    pub virt: u64,
}

impl MemoryMap {
    /// The map as it was in memory. Bytes after the fields of a descriptor are zero.
    pub fn bytes(&self) -> Vec<u8> {
        bytes_of(&self.descriptors, self.descriptor_size)
    }
}

impl MemoryAttributes {
    /// The table as it was in memory.
    pub fn bytes(&self) -> Vec<u8> {
        let header = [self.version, self.count, self.descriptor_size, self.flags];
        let mut bytes: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.extend(bytes_of(&self.entries, self.descriptor_size));
        bytes
    }
}

fn bytes_of(descriptors: &[Descriptor], size: u32) -> Vec<u8> {
    let padding = vec![0; (size as usize).saturating_sub(DESCRIPTOR_SIZE)];
    let one = |d: &Descriptor| {
        let fields = [d.ty.into(), d.phys, d.virt, d.pages, d.attribute];
        let mut bytes: Vec<u8> = fields.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.extend(&padding);
        bytes
    };
    descriptors.iter().flat_map(one).collect()
}

/// Writes TOML. The `toml` crate would put every field of a descriptor on a line of its own.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (machine, firmware) = (&self.machine, &self.firmware);
        writeln!(f, "format = {}", self.format)?;
        writeln!(f, "architecture = {}", quoted(&self.architecture))?;
        writeln!(f, "kernel = {}", quoted(&self.kernel))?;
        writeln!(f, "\n[machine]")?;
        for (name, value) in [
            ("vendor", &machine.vendor),
            ("product", &machine.product),
            ("bios_version", &machine.bios_version),
        ] {
            if let Some(value) = value {
                writeln!(f, "{name} = {}", quoted(value))?;
            }
        }
        writeln!(f, "\n[firmware]")?;
        writeln!(f, "bits = {}", firmware.bits)?;
        writeln!(f, "vendor = {}", quoted(&firmware.vendor))?;
        writeln!(f, "revision = {:#x}", firmware.revision)?;
        let revision = firmware.system_table_revision;
        writeln!(f, "system_table_revision = {revision:#x}")?;
        if let Some(properties) = &firmware.rt_properties {
            writeln!(f, "\n[firmware.rt_properties]")?;
            writeln!(f, "version = {}", properties.version)?;
            writeln!(f, "services = {:#x}", properties.services)?;
        }
        let map = &firmware.memory_map;
        writeln!(f, "\n[firmware.memory_map]")?;
        writeln!(f, "descriptor_size = {}", map.descriptor_size)?;
        writeln!(f, "descriptor_version = {}", map.descriptor_version)?;
        write_list(f, "descriptors", &map.descriptors)?;
        if let Some(table) = &firmware.memory_attributes {
            writeln!(f, "\n[firmware.memory_attributes]")?;
            writeln!(f, "version = {}", table.version)?;
            writeln!(f, "count = {}", table.count)?;
            writeln!(f, "descriptor_size = {}", table.descriptor_size)?;
            writeln!(f, "flags = {:#x}", table.flags)?;
            write_list(f, "entries", &table.entries)?;
        }
        Ok(())
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, name: &str, list: &[Descriptor]) -> fmt::Result {
    writeln!(f, "{name} = [")?;
    for d in list {
        writeln!(
            f,
            "  {{ type = {}, phys = {:#x}, pages = {:#x}, attribute = {:#x}, virt = {:#x} }},",
            d.ty, d.phys, d.pages, d.attribute, d.virt
        )?;
    }
    writeln!(f, "]")
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recording with the largest values of fields. TOML's own integers cannot hold them.
    pub fn sample() -> Recording {
        let odd = Descriptor {
            ty: u32::MAX,
            phys: u64::MAX,
            pages: 1 << 52,
            attribute: 1 << 63 | 0xf,
            virt: u64::MAX,
        };
        let plain = Descriptor {
            ty: 7,
            phys: 0x1000,
            pages: 0x9f,
            attribute: 0xf,
            virt: 0,
        };
        Recording {
            format: FORMAT,
            architecture: "x86_64".into(),
            kernel: "6.1.0".into(),
            machine: Machine {
                vendor: Some("A \"vendor\" \\ of\nmachines".into()),
                ..Machine::default()
            },
            firmware: Firmware {
                bits: 64,
                vendor: "EDK II".into(),
                revision: 0x1_0000,
                system_table_revision: 0x2_0046,
                rt_properties: Some(RtProperties {
                    version: 1,
                    services: 0x3fff,
                }),
                memory_map: MemoryMap {
                    descriptor_size: 48,
                    descriptor_version: 1,
                    descriptors: vec![plain, odd],
                },
                memory_attributes: Some(MemoryAttributes {
                    version: 2,
                    count: 1,
                    descriptor_size: 48,
                    flags: 1,
                    entries: vec![odd],
                }),
            },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let recording = sample();
        let text = recording.to_string();
        assert_eq!(toml::from_str::<Recording>(&text).unwrap(), recording);
        let mut without = recording;
        without.firmware.rt_properties = None;
        without.firmware.memory_attributes = None;
        let text = without.to_string();
        assert_eq!(toml::from_str::<Recording>(&text).unwrap(), without);
    }

    #[test]
    fn an_unknown_word_is_refused() {
        let text = format!("serial = 1\n{}", sample());
        let error = toml::from_str::<Recording>(&text).unwrap_err();
        assert!(error.to_string().contains("serial"), "{error}");
    }
}
