// SPDX-License-Identifier: GPL-2.0

//! The contract with C and with other kernels: the plan writes the handover table as
//! `include/linux/efi-rtmap-table.h` defines it.

use crate::plan::{
    base::kind::{
        Kind,
        Svam, //
    },
    firmware::service,
    handover::{
        format::{
            LifeTable,
            TableEntry,
            TableHeader,
            TableSlot,
            TableStub, //
        },
        stub::StubReason,
        wire, //
    },
};
use core::mem::offset_of;
use kernel::bindings::*;

/// Checks that a structure of the plan and its C counterpart have the same size and the same offset
/// of each field.
macro_rules! same_layout {
    ($ours:ident, $theirs:ident, [$($field:ident),* $(,)?]) => {
        assert!(size_of::<$ours>() == size_of::<$theirs>());
        $(assert!(offset_of!($ours, $field) == offset_of!($theirs, $field));)*
    };
}

const _: () = {
    same_layout!(
        TableHeader,
        efi_rtmap_table_header,
        [
            magic,
            size,
            slot_size,
            call_service,
            call_count,
            used,
            faulted,
            properties_version,
            properties_length,
            properties_supported,
            supported,
            services_off,
            nonce,
            stub,
            passed,
            failed,
            allowed,
            reserved
        ]
    );
    same_layout!(
        TableStub,
        efi_rtmap_table_stub,
        [reason, kind, svam, reserved, status]
    );
    same_layout!(
        TableSlot,
        efi_rtmap_table_slot,
        [
            crc,
            length,
            major,
            minor,
            sequence,
            generation,
            kind,
            svam,
            flags,
            entry_offset,
            entry_size,
            entry_count,
            svam_generation,
            systab,
            fw_revision,
            vendor_crc,
            runtime,
            config,
            vendor,
            reserved
        ]
    );
    same_layout!(
        TableEntry,
        efi_rtmap_table_entry,
        [phys, virt, pages, attribute, type_, permission]
    );
    same_layout!(LifeTable, efi_rtmap_life, [nonce, addresses]);
};

const _: () = {
    assert!(wire::MAGIC == EFI_RTMAP_TABLE_MAGIC);
    assert!(wire::MUST_KNOW == EFI_RTMAP_SLOT_MUST_KNOW);
    assert!(wire::FLAG_WRITABLE_CODE == EFI_RTMAP_SLOT_WRITABLE_CODE);
    assert!(wire::FLAG_FORWARD_CFG == EFI_RTMAP_SLOT_FORWARD_CFG);
    assert!(service::ALL == EFI_RT_SUPPORTED_ALL);
    assert!(service::NO_SUPPORT == EFI_RTMAP_SUPPORTED_NONE);
    assert!(service::MARK_SVAM == EFI_RTMAP_CALL_SVAM);
    assert!(service::MARK_DIRECT == EFI_RTMAP_CALL_DIRECT);
};

const _: () = {
    assert!(Kind::Phys as u32 == efi_rtmap_kind_EFI_RTMAP_KIND_PHYS);
    assert!(Kind::Ident as u32 == efi_rtmap_kind_EFI_RTMAP_KIND_IDENT);
    assert!(Kind::Fixed as u32 == efi_rtmap_kind_EFI_RTMAP_KIND_FIXED);
    assert!(Svam::Unknown as u32 == efi_rtmap_svam_EFI_RTMAP_SVAM_UNKNOWN);
    assert!(Svam::NotCalled as u32 == efi_rtmap_svam_EFI_RTMAP_SVAM_NOT_CALLED);
    assert!(Svam::CalledIdent as u32 == efi_rtmap_svam_EFI_RTMAP_SVAM_CALLED_IDENT);
    assert!(Svam::CalledFixed as u32 == efi_rtmap_svam_EFI_RTMAP_SVAM_CALLED_FIXED);
    assert!(Svam::Failed as u32 == efi_rtmap_svam_EFI_RTMAP_SVAM_FAILED);
};

const _: () = {
    use StubReason::*;
    assert!(Requested as u32 == efi_rtmap_reason_EFI_RTMAP_REASON_REQUESTED);
    assert!(Default as u32 == efi_rtmap_reason_EFI_RTMAP_REASON_DEFAULT);
    assert!(Quirk as u32 == efi_rtmap_reason_EFI_RTMAP_REASON_QUIRK);
    assert!(SvamUnsupported as u32 == efi_rtmap_reason_EFI_RTMAP_REASON_SVAM_UNSUPPORTED);
    assert!(DoesNotFit as u32 == efi_rtmap_reason_EFI_RTMAP_REASON_DOES_NOT_FIT);
};
