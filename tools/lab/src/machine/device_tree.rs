// SPDX-License-Identifier: GPL-2.0
//! The machine's device tree, as QEMU makes it, with memory reserved.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure, Context, Result};
use fdt::node::FdtNode;
use fdt::Fdt;
use vm_fdt::{FdtReserveEntry, FdtWriter};

use super::Lab;
use crate::scenario::{How, Reserved, Scenario};

/// Addresses and sizes take two cells of 32 bits each, as in QEMU's root node.
const CELLS: u32 = 2;
/// Nodes that QEMU puts into whatever tree it is given; those that were there it makes holes.
const ADDED_AGAIN: [&str; 2] = ["memory@", "psci"];

impl Lab {
    /// The file with it, for QEMU to take instead of its own.
    pub(super) fn device_tree(&self, scenario: &Scenario, logs: &Path) -> Result<PathBuf> {
        let file = logs.join("machine.dtb");
        let dump = format!(",dumpdtb={}", file.display());
        let output = self.bare_machine(scenario, &dump).output()?;
        ensure!(
            output.status.success() && file.exists(),
            "{}: no device tree: {}",
            self.arch.qemu,
            String::from_utf8_lossy(&output.stderr)
        );
        let tree = with_reserved(&fs::read(&file)?, &scenario.reserved_memory)?;
        fs::write(&file, tree)?;
        Ok(file)
    }
}

fn with_reserved(tree: &[u8], reserved: &[Reserved]) -> Result<Vec<u8>> {
    let tree = Fdt::new(tree).map_err(|error| anyhow!("device tree: {error}"))?;
    let reservations = tree
        .memory_reservations()
        .map(|one| FdtReserveEntry::new(one.address() as u64, one.size() as u64))
        .collect::<Result<Vec<_>, _>>()?;
    let mut writer = FdtWriter::new_with_mem_reserv(&reservations)?;
    let root = tree.find_node("/").context("device tree: no root")?;
    let node = writer.begin_node("")?;
    copy_content(&mut writer, root)?;
    add_reserved(&mut writer, reserved)?;
    writer.end_node(node)?;
    Ok(writer.finish()?)
}

fn copy_content(writer: &mut FdtWriter, node: FdtNode<'_, '_>) -> Result<()> {
    for property in node.properties() {
        writer.property(property.name, property.value)?;
    }
    let again =
        |child: &FdtNode<'_, '_>| ADDED_AGAIN.iter().any(|name| child.name.starts_with(name));
    for child in node.children().filter(|child| !again(child)) {
        let node = writer.begin_node(child.name)?;
        copy_content(writer, child)?;
        writer.end_node(node)?;
    }
    Ok(())
}

fn add_reserved(writer: &mut FdtWriter, reserved: &[Reserved]) -> Result<()> {
    let all = writer.begin_node("reserved-memory")?;
    writer.property_u32("#address-cells", CELLS)?;
    writer.property_u32("#size-cells", CELLS)?;
    writer.property_null("ranges")?;
    for Reserved { start, size, how } in reserved {
        let node = writer.begin_node(&format!("lab@{start:x}"))?;
        writer.property_array_u64("reg", &[*start, *size])?;
        match how {
            How::NoMap => writer.property_null("no-map")?,
            How::Cma => {
                writer.property_string("compatible", "shared-dma-pool")?;
                writer.property_null("reusable")?;
            }
        }
        writer.end_node(node)?;
    }
    writer.end_node(all)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Vec<u8> {
        let entries = [FdtReserveEntry::new(0x1000, 0x2000).unwrap()];
        let mut writer = FdtWriter::new_with_mem_reserv(&entries).unwrap();
        let root = writer.begin_node("").unwrap();
        writer.property_u32("#address-cells", CELLS).unwrap();
        let bus = writer.begin_node("bus@1000").unwrap();
        let memory = writer.begin_node("memory@4000").unwrap();
        writer.end_node(memory).unwrap();
        let port = writer.begin_node("port").unwrap();
        writer.property_string("compatible", "lab,port").unwrap();
        writer.end_node(port).unwrap();
        writer.end_node(bus).unwrap();
        writer.end_node(root).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn memory_is_reserved_as_wanted() {
        let reserved = [
            Reserved {
                start: 0x4000_0000,
                size: 0x20_0000,
                how: How::NoMap,
            },
            Reserved {
                start: 0x5000_0000,
                size: 0x40_0000,
                how: How::Cma,
            },
        ];
        let bytes = with_reserved(&machine(), &reserved).unwrap();
        let tree = Fdt::new(&bytes).unwrap();
        for (name, property, others) in [
            ("lab@40000000", "no-map", "reusable"),
            ("lab@50000000", "reusable", "no-map"),
        ] {
            let node = tree.find_node(&format!("/reserved-memory/{name}")).unwrap();
            assert!(node.property(property).is_some() && node.property(others).is_none());
            let place = node.reg().unwrap().next().unwrap();
            let wanted = reserved.iter().any(|one| {
                (one.start, one.size) == (place.starting_address as u64, place.size.unwrap() as u64)
            });
            assert!(wanted, "{place:?}");
        }
    }

    #[test]
    fn the_rest_of_the_tree_stays_but_for_memory() {
        let bytes = with_reserved(&machine(), &[]).unwrap();
        let tree = Fdt::new(&bytes).unwrap();
        let port = tree.find_node("/bus@1000/port").unwrap();
        assert_eq!(
            port.property("compatible").unwrap().as_str(),
            Some("lab,port")
        );
        assert!(tree.find_node("/bus@1000/memory@4000").is_none());
        let reservation = tree.memory_reservations().next().unwrap();
        assert_eq!(
            (reservation.address() as usize, reservation.size()),
            (0x1000, 0x2000)
        );
    }
}
