// SPDX-License-Identifier: GPL-2.0

//! Chains of kernels, ours and stock, on one modelled firmware that counts calls of SVAM. Each
//! kernel finds only the state that the kernel before it has left.

use super::{
    wire::{
        blank,
        write, //
    },
    *,
};
use crate::{
    crc32,
    plan::{
        base::{
            addr::{
                PhysAddr,
                VirtAddr, //
            },
            kind::{
                Latch,
                Privilege,
                Svam, //
            },
        },
        choice::{
            after_svam::{
                after_svam,
                AfterSvam, //
            },
            decide::decide,
            decision::Decision,
            facts::{
                Facts,
                Predecessor, //
            },
            fresh::{
                freshness,
                Addresses,
                Freshness,
                Nonce,
                Traces, //
            },
            quirk::Quirk,
            request::Request, //
        },
        fixtures::{
            code,
            data,
            ARM64,
            ARM64_39,
            BLANK_ENTRY,
            X86_64, //
        },
        handover::{
            inherit::entries_of,
            legacy::legacy_kind,
            place::place,
            slot::SlotId,
            stub::{
                stub,
                Stub,
                StubReason, //
            },
            table::Table,
            wire::{
                Identity,
                Snapshot,
                FAULTED_OFFSET,
                PASSED_OFFSET,
                STUB_OFFSET,
                USED_OFFSET, //
            }, //
        },
        map::{
            entry::split,
            layout::AddressSpace, //
        },
    },
};

mod left;
mod ours;
mod stock;

use left::Left;

/// UEFI 2.10, appendix D.
const EFI_UNSUPPORTED: u64 = 1 << 63 | 3;
const EFI_ABORTED: u64 = 1 << 63 | 21;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Arch {
    X86,
    Arm64,
}

/// Firmware's behaviour in SVAM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Does {
    Converts,
    Refuses,
    /// A kernel proper recovers. A stub does not come back.
    Faults,
}

#[derive(Clone, Debug)]
struct Firmware {
    does: Does,
    /// RT_PROPERTIES does not exclude SVAM.
    supports_svam: bool,
    quirk: Option<Kind>,
    /// Its memory is above the addresses of 39 bits.
    high: bool,
    svam_calls: u32,
    /// The addresses that firmware uses, or [`None`] after a fault in SVAM: then they are unknown.
    addresses: Option<Vec<VirtAddr>>,
}

impl Firmware {
    /// The runtime regions, in the order of physical addresses.
    fn regions(&self) -> Vec<Region> {
        let base = if self.high { 1 << 40 } else { 0x3f00_0000 };
        regions_of(&[code(base, 16), data(base + 0x80_0000, 32)], false).unwrap()
    }

    fn start(&mut self) -> Left {
        let mut regions = self.regions();
        make_identity(&mut regions);
        self.addresses = Some(addresses(&regions));
        Left::new(self.regions())
    }

    /// # Errors
    ///
    /// The status.
    fn svam(&mut self, regions: &[Region]) -> Result<(), u64> {
        self.svam_calls += 1;
        match self.does {
            Does::Converts => {
                self.addresses = Some(addresses(regions));
                Ok(())
            }
            Does::Refuses => Err(EFI_UNSUPPORTED),
            Does::Faults => {
                self.addresses = None;
                Err(EFI_ABORTED)
            }
        }
    }
}

fn addresses(regions: &[Region]) -> Vec<VirtAddr> {
    regions.iter().map(|region| region.virt).collect()
}

fn make_identity(regions: &mut [Region]) {
    for region in regions {
        region.virt = region.phys.start().identity();
    }
}

/// The way in which the kernel before starts our kernel on x86. Stock kernels always find the
/// trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Loader {
    Tells,
    /// The loader does not say that it is kexec, but passes only runtime regions on.
    PassesLess,
    /// The loader does not say so either. It passes all memory on if the handover table shows the
    /// earlier kernel.
    Silent,
}

#[derive(Clone, Debug)]
struct Kernel {
    loader: Loader,
    /// This is our kernel. Otherwise it is stock.
    ours: bool,
    /// On arm64, the kernel has 39 bits of virtual address instead of 48.
    narrow: bool,
    /// The kernel calls firmware: it has no `efi=noruntime`.
    calls: bool,
    request: Request,
    /// Our stub gets memory for the handover table.
    allocates: bool,
    /// Firmware faults in a call, and a kernel of ours tells its successors.
    breaks: bool,
}

impl Kernel {
    /// Tells if C does everything: in stock, and in our kernel if it is told so.
    fn is_stock(&self) -> bool {
        !self.ours || self.request.off
    }

    fn space(&self, arch: Arch) -> AddressSpace {
        match arch {
            Arch::X86 => X86_64,
            Arch::Arm64 if self.narrow => ARM64_39,
            Arch::Arm64 => ARM64,
        }
    }
}

/// The state of a kernel after its boot.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    /// It calls firmware, at the addresses in the memory map.
    serves: bool,
    /// It passes firmware on to the next kernel.
    passes_on: bool,
    /// Its own generation, if it calls firmware.
    generation: Option<u32>,
}

/// Boots `kernels` one after the other, and checks each. Returns their outcomes. The machine may
/// stop before the last kernel.
fn run(arch: Arch, firmware: &mut Firmware, kernels: &[Kernel]) -> Vec<Outcome> {
    let mut left = firmware.start();
    let mut outcomes = Vec::new();
    for (index, kernel) in kernels.iter().enumerate() {
        if index > 0 {
            left.kexec(arch, kernel);
        } else if !ours::stub(kernel, arch, firmware, &mut left) {
            break;
        }
        let outcome = ours::boot(kernel, arch, firmware, &mut left);
        assert!(firmware.svam_calls <= 1, "a second SVAM: kernel {index}");
        if outcome.serves {
            let called_at = Some(addresses(&left.regions));
            assert_eq!(
                called_at, firmware.addresses,
                "wrong address: kernel {index}"
            );
        }
        outcomes.push(outcome);
        if !outcome.passes_on {
            break;
        }
        if outcome.serves && kernel.breaks && kernel.ours {
            left.record_fault();
        }
    }
    outcomes
}

fn arch() -> impl Strategy<Value = Arch> {
    select(vec![Arch::X86, Arch::Arm64])
}

fn firmware() -> impl Strategy<Value = Firmware> {
    let does = prop_oneof![
        6 => Just(Does::Converts),
        2 => Just(Does::Refuses),
        1 => Just(Does::Faults),
    ];
    let supports_svam = prop::bool::weighted(0.8);
    let quirk = prop_oneof![2 => Just(None), 1 => kind().prop_map(Some)];
    (does, supports_svam, quirk, any::<bool>()).prop_map(|(does, supports_svam, quirk, high)| {
        Firmware {
            does,
            supports_svam,
            quirk,
            high,
            svam_calls: 0,
            addresses: None,
        }
    })
}

fn kernel() -> impl Strategy<Value = Kernel> {
    let request = (prop::bool::weighted(0.2), prop::option::of(kind()));
    let rare = || prop::bool::weighted(0.15);
    let odd = (prop::bool::weighted(0.3), rare(), rare(), rare());
    let loader = select(vec![Loader::Tells, Loader::PassesLess, Loader::Silent]);
    (loader, prop::bool::weighted(0.7), request, odd).prop_map(
        |(loader, ours, (off, kind), (narrow, noruntime, no_memory, breaks))| Kernel {
            loader,
            ours,
            narrow,
            calls: !noruntime,
            request: Request {
                off,
                kind,
                ..Request::default()
            },
            allocates: !no_memory,
            breaks,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn svam_is_called_once_and_firmware_where_it_is(
        arch in arch(), mut firmware in firmware(), kernels in vec(kernel(), 1..7),
    ) {
        run(arch, &mut firmware, &kernels);
    }

    #[test]
    fn kernels_of_ours_keep_the_services(
        arch in arch(), firmware in firmware(), kernels in vec(kernel(), 1..7),
    ) {
        // After an error, stock's arm64 stub cannot go on, and neither can ours without a table.
        let allocates = firmware.does == Does::Refuses;
        let good = |kernel: Kernel| Kernel {
            ours: true,
            request: Request { off: false, ..kernel.request },
            allocates: kernel.allocates || allocates,
            breaks: false,
            ..kernel
        };
        let kernels: Vec<_> = kernels.into_iter().map(good).collect();
        let mut firmware = Firmware { high: false, ..firmware };
        if firmware.does == Does::Faults {
            firmware.does = Does::Converts;
        }
        let outcomes = run(arch, &mut firmware, &kernels);
        prop_assert_eq!(outcomes.len(), kernels.len());
        let counts = kernels[0].allocates;
        for (index, (outcome, kernel)) in outcomes.iter().zip(&kernels).enumerate() {
            prop_assert_eq!(outcome.serves, kernel.calls);
            if counts && kernel.calls {
                prop_assert_eq!(outcome.generation, Some(index as u32));
            }
        }
    }
}
