// SPDX-License-Identifier: GPL-2.0

//! Facts that hold for every result, with any input. Property tests, fuzzing and the tests with
//! recorded firmware all check these.

extern crate std;

use crate::plan::{
    base::{
        addr::{
            PhysAddr,
            VirtAddr,
            PAGE_SIZE, //
        },
        kind::{
            Kind,
            Latch,
            Privilege,
            Svam, //
        },
    },
    choice::{
        decide::decide,
        decision::Decision,
        facts::{
            Facts,
            Predecessor, //
        }, //
    },
    firmware::perm::Basis,
    handover::stub::Stub,
    map::{
        entry::Entry,
        layout::AddressSpace,
        mapping::Mapping,
        pieces::Piece,
        region::Region, //
    }, //
};
use std::vec::Vec;

/// Returns the address of `addr` in the map that `entries` make, if they map it.
pub(crate) fn address_in(entries: &[Entry], addr: PhysAddr) -> Option<VirtAddr> {
    let entry = entries
        .iter()
        .find(|entry| entry.phys.contains_addr(addr))?;
    let offset = addr.value() - entry.phys.start().value();
    Some(VirtAddr::new(entry.virt.value() + offset))
}

/// Regions are ranges, and regions that are not temporary do not overlap.
pub(crate) fn regions(regions: &[Region]) {
    for (index, region) in regions.iter().enumerate() {
        let described = region.descriptor();
        let (start, pages) = (described.phys.value(), described.pages.count());
        assert!(pages > 0 && start % PAGE_SIZE == 0, "no range: {region:?}");
        let end = u128::from(start) + u128::from(pages) * u128::from(PAGE_SIZE);
        assert!(end <= u128::from(u64::MAX), "no range: {region:?}");
        for other in &regions[..index] {
            let runtime = !other.is_temporary() && !region.is_temporary();
            assert!(!runtime || !other.phys.overlaps(&region.phys), "overlap");
        }
    }
}

/// Pieces are in order and do not overlap, and each is in a runtime region.
pub(crate) fn pieces(pieces: &[Piece], regions: &[Region]) {
    for pair in pieces.windows(2) {
        assert!(pair[0].phys.end() <= pair[1].phys.start(), "out of order");
    }
    for piece in pieces {
        let mut homes = regions.iter().filter(|r| r.phys.contains(&piece.phys));
        let runtime = |region: &Region| !region.is_temporary() && region.ty.is_runtime_services();
        assert!(homes.any(runtime), "in no runtime region: {piece:?}");
    }
}

/// Entries tile the runtime regions, in the order of physical addresses. Each part has the permission
/// of its piece, or else the permission that `basis` gives its region.
pub(crate) fn tiling(regions: &[Region], pieces: &[Piece], basis: Basis, entries: &[Entry]) {
    let mut rest = entries.iter();
    let mut regions: Vec<_> = regions.iter().filter(|r| !r.is_temporary()).collect();
    regions.sort_by_key(|region| region.phys.start());
    for region in regions {
        let (mut at, mut before) = (region.phys.start(), None);
        while at < region.phys.end() {
            let entry = rest.next().expect("a region that no entry ends");
            assert_eq!(entry.phys.start(), at, "a gap or an overlap");
            assert_ne!(before, Some(entry.permission), "split for no reason");
            assert_eq!((entry.ty, entry.attributes), (region.ty, region.attributes));
            // The distance may wrap if both are far apart.
            let distance = |virt: u64, phys: u64| virt.wrapping_sub(phys);
            assert_eq!(
                distance(entry.virt.value(), at.value()),
                distance(region.virt.value(), region.phys.start().value())
            );
            permission(entry, pieces, basis);
            (at, before) = (entry.phys.end(), Some(entry.permission));
        }
        assert_eq!(at, region.phys.end(), "beyond the region");
    }
    assert_eq!(rest.next(), None, "an entry outside the runtime regions");
}

fn permission(entry: &Entry, pieces: &[Piece], basis: Basis) {
    let mut described = 0;
    for piece in pieces.iter().filter(|p| p.phys.overlaps(&entry.phys)) {
        assert_eq!(piece.permission, entry.permission, "{piece:?} {entry:?}");
        let start = piece.phys.start().max(entry.phys.start());
        let end = piece.phys.end().min(entry.phys.end());
        described += end.value() - start.value();
    }
    let default = basis.region(entry.ty, entry.attributes);
    assert!(
        described == entry.phys.bytes() || entry.permission == default,
        "more or less than it needs: {entry:?}"
    );
}

/// A layout fulfils the promises of [`AddressSpace::lay_out_fixed`].
pub(crate) fn fixed_layout(space: &AddressSpace, regions: &[Region]) {
    let mut floor = space.fixed_bottom.value();
    for region in regions {
        let virt = region.virt.value();
        assert!(virt >= floor, "below the window or the region before");
        floor = virt + region.phys.bytes();
        assert!(floor <= space.layout_top.value(), "above the window");
        let moved = virt.abs_diff(region.phys.start().value());
        assert_eq!(moved % space.large_page, 0, "large pages cannot map it");
        assert!(space.in_window(region.virt, region.phys.bytes()));
    }
    for pair in regions.windows(2) {
        let [below, above] = [&pair[0], &pair[1]];
        let end = below.virt.value() + below.phys.bytes();
        if below.phys.end() == above.phys.start() {
            assert_eq!(end, above.virt.value(), "torn apart");
        } else {
            let granule = |addr: u64| addr / space.granule;
            assert!(granule(end - 1) < granule(above.virt.value()), "shared");
        }
    }
}

/// Mappings are in order, disjoint, and of whole pages. A shared one has one page.
pub(crate) fn mappings(mappings: &[Mapping], page: u64) {
    for m in mappings {
        let words = [m.phys.start().value(), m.virt.value(), m.phys.bytes()];
        assert!(words.iter().all(|word| word % page == 0), "no whole pages");
        assert!(!m.shared || m.phys.bytes() == page);
    }
    for pair in mappings.windows(2) {
        let end = pair[0].virt.value() + pair[0].phys.bytes();
        assert!(end <= pair[1].virt.value(), "out of order");
    }
}

/// A kernel may take these entries from another. They overlap nowhere, `kind` and `space` allow
/// their addresses, and they have W^X unless `writable_code`.
pub(crate) fn inherited(entries: &[Entry], kind: Kind, writable_code: bool, space: &AddressSpace) {
    for entry in entries {
        let (phys, virt) = (entry.phys.start().value(), entry.virt.value());
        assert_eq!(virt % PAGE_SIZE, 0, "{entry:?}");
        let window = space.in_window(entry.virt, entry.phys.bytes());
        assert!(virt == phys || !kind.is_identity() && window, "{entry:?}");
        let wx = entry.permission.writes() && entry.permission.executes();
        assert!(!wx || writable_code, "writable and executable: {entry:?}");
    }
    let at = |addr: fn(&Entry) -> u64| {
        let mut ranges: Vec<_> = entries.iter().map(|e| (addr(e), e.phys.bytes())).collect();
        ranges.sort_unstable();
        ranges
    };
    for ranges in [at(|e| e.phys.start().value()), at(|e| e.virt.value())] {
        for pair in ranges.windows(2) {
            assert!(pair[0].1 <= pair[1].0 - pair[0].0, "overlap: {pair:x?}");
        }
    }
}

/// The decision is none of the forbidden ones.
pub(crate) fn decision(facts: &Facts) {
    let decision = decide(facts);
    let asked = facts.request;
    assert_eq!(decision == Decision::Decline, asked.off);
    assert!(
        !stays_off(&decision) || is_unsafe(facts),
        "off for no reason: {decision:?}"
    );
    let (kind, refused) = match decision {
        Decision::Decline | Decision::ServicesOff(_) => return,
        Decision::Fresh { kind, refused, .. } => {
            assert_eq!(facts.predecessor, Predecessor::None, "not fresh");
            assert!(kind == Kind::Phys || may_convert(facts), "unsafe SVAM");
            assert!(Svam::after(kind).allows(kind));
            let identity = kind.is_identity();
            let room = [facts.fixed_fits, facts.identity_fits][usize::from(identity)];
            assert_eq!(room, Ok(()), "no room for it");
            (kind, refused)
        }
        Decision::Adopt {
            kind,
            svam,
            refused,
            ..
        } => {
            let (Predecessor::Stub(stub) | Predecessor::PassedOn(stub)) = facts.predecessor else {
                panic!("nothing to adopt of {:?}", facts.predecessor);
            };
            assert!(svam.allows(kind));
            match stub.answer {
                None => assert_eq!((Some(kind), svam), (stub.kind, Svam::NotCalled)),
                Some(Ok(())) => assert_eq!((Some(kind), svam), (stub.kind, Svam::after(kind))),
                Some(Err(_)) => assert_eq!((kind, svam), (Kind::Phys, Svam::Failed)),
            }
            assert!(
                !kind.is_identity() || facts.identity_fits.is_ok(),
                "no room for it"
            );
            (kind, refused)
        }
        Decision::Reuse { kind, refused, .. } => {
            let (Predecessor::Handover { kind: left } | Predecessor::Legacy { kind: left }) =
                facts.predecessor
            else {
                panic!("nothing to reuse of {:?}", facts.predecessor);
            };
            assert_eq!(kind, left);
            (kind, refused)
        }
    };
    assert!(!facts.mixed || kind.is_identity(), "too high for 32 bits");
    assert!(facts.latch == Latch::Clear || asked.retry, "known bad");
    assert_eq!(refused.or(Some(kind)), asked.kind.or(Some(kind)));
    assert_ne!(refused, Some(kind));
}

/// Tells if SVAM can be called, and no fact says that it must not.
fn may_convert(facts: &Facts) -> bool {
    let breaks = facts.quirk.is_some_and(|quirk| quirk.kind == Kind::Phys);
    facts.svam_supported && facts.in_reach && !breaks && facts.request.kind != Some(Kind::Phys)
}

fn stays_off(decision: &Decision) -> bool {
    matches!(decision, Decision::Decline | Decision::ServicesOff(_))
}

/// Tells if SVAM was called with addresses other than physical ones, and firmware's are in doubt.
fn in_doubt(stub: &Stub) -> bool {
    const ERROR: u64 = 1 << 63;
    let aborted = stub.answer == Some(Err(ERROR | 21));
    let unclear = stub.kind == Some(Kind::Fixed)
        && matches!(stub.answer, Some(Err(status)) if status & ERROR == 0);
    aborted || unclear
}

/// Tells if a kernel may have to do without services, because no known map would be right. Stock
/// has no services either then, or calls firmware that it knows nothing about.
fn is_unsafe(facts: &Facts) -> bool {
    let failed = facts.latch != Latch::Clear && !facts.request.retry;
    let no_map = match facts.predecessor {
        Predecessor::Unusable(_) => true,
        Predecessor::Handover { kind } | Predecessor::Legacy { kind } => {
            facts.mixed && !kind.is_identity()
        }
        Predecessor::Stub(stub) | Predecessor::PassedOn(stub) => {
            let moved = stub.svam() == Svam::CalledFixed;
            facts.identity_fits.is_err() && !moved || stub.kind.is_none() || in_doubt(&stub)
        }
        Predecessor::None => {
            let high = may_convert(facts) && !facts.mixed && facts.fixed_fits.is_ok();
            facts.identity_fits.is_err() && !high
        }
    };
    let no_way = !facts.in_reach && facts.privilege == Privilege::Kernel;
    facts.request.off || failed || no_map || no_way
}
