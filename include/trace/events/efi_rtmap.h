/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The EFI runtime map: trace events. Documentation/admin-guide/efi-rtmap/tracing.rst
 * explains them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM efi_rtmap

#if !defined(_TRACE_EFI_RTMAP_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_EFI_RTMAP_H

#include <linux/efi.h>
#include <linux/efi-rtmap-table.h>
#include <linux/tracepoint.h>

/* The services, as enum efi_rts_ids has them. Callers that cannot wait do not name theirs. */
#define efi_rtmap_services							\
	em(GET_TIME,			"GetTime")				\
	em(SET_TIME,			"SetTime")				\
	em(GET_WAKEUP_TIME,		"GetWakeupTime")			\
	em(SET_WAKEUP_TIME,		"SetWakeupTime")			\
	em(GET_VARIABLE,		"GetVariable")				\
	em(GET_NEXT_VARIABLE,		"GetNextVariableName")			\
	em(SET_VARIABLE,		"SetVariable")				\
	em(QUERY_VARIABLE_INFO,		"QueryVariableInfo")			\
	em(GET_NEXT_HIGH_MONO_COUNT,	"GetNextHighMonotonicCount")		\
	em(RESET_SYSTEM,		"ResetSystem")				\
	em(UPDATE_CAPSULE,		"UpdateCapsule")			\
	em(QUERY_CAPSULE_CAPS,		"QueryCapsuleCapabilities")		\
	em(ACPI_PRM_HANDLER,		"PRM handler")

#undef em
#define em(service, name)	TRACE_DEFINE_ENUM(EFI_##service);
efi_rtmap_services

#undef em
#define em(service, name)	{ EFI_##service, name },
#define show_service(service)							\
	__print_symbolic(service, efi_rtmap_services { U32_MAX, "a service" })

#define show_privilege(user)	((user) ? "user" : "kernel")

DECLARE_EVENT_CLASS(efi_rtmap_service,

	TP_PROTO(u32 service, bool user),

	TP_ARGS(service, user),

	TP_STRUCT__entry(
		__field(u32, service)
		__field(bool, user)
	),

	TP_fast_assign(
		__entry->service = service;
		__entry->user = user;
	),

	TP_printk("service=%s privilege=%s",
		  show_service(__entry->service), show_privilege(__entry->user))
);

DEFINE_EVENT(efi_rtmap_service, efi_rtmap_call_start,

	TP_PROTO(u32 service, bool user),

	TP_ARGS(service, user)
);

DEFINE_EVENT(efi_rtmap_service, efi_rtmap_fault,

	TP_PROTO(u32 service, bool user),

	TP_ARGS(service, user)
);

TRACE_EVENT(efi_rtmap_call_end,

	TP_PROTO(u32 service, bool user, u64 status, u64 duration),

	TP_ARGS(service, user, status, duration),

	TP_STRUCT__entry(
		__field(u32, service)
		__field(bool, user)
		__field(u64, status)
		__field(u64, duration)
	),

	TP_fast_assign(
		__entry->service = service;
		__entry->user = user;
		__entry->status = status;
		__entry->duration = duration;
	),

	TP_printk("service=%s privilege=%s status=0x%llx duration=%llu ns",
		  show_service(__entry->service), show_privilege(__entry->user),
		  __entry->status, __entry->duration)
);

#define show_kind(kind)								\
	__print_symbolic(kind,							\
			 { EFI_RTMAP_KIND_PHYS, "phys" },			\
			 { EFI_RTMAP_KIND_IDENT, "ident" },			\
			 { EFI_RTMAP_KIND_FIXED, "fixed" })

TRACE_EVENT(efi_rtmap_install,

	TP_PROTO(u32 kind, u32 generation, u32 regions, u32 mappings),

	TP_ARGS(kind, generation, regions, mappings),

	TP_STRUCT__entry(
		__field(u32, kind)
		__field(u32, generation)
		__field(u32, regions)
		__field(u32, mappings)
	),

	TP_fast_assign(
		__entry->kind = kind;
		__entry->generation = generation;
		__entry->regions = regions;
		__entry->mappings = mappings;
	),

	TP_printk("kind=%s generation=%u regions=%u mappings=%u",
		  show_kind(__entry->kind), __entry->generation,
		  __entry->regions, __entry->mappings)
);

TRACE_EVENT(efi_rtmap_handover,

	TP_PROTO(u32 generation, u32 entries, int error),

	TP_ARGS(generation, entries, error),

	TP_STRUCT__entry(
		__field(u32, generation)
		__field(u32, entries)
		__field(int, error)
	),

	TP_fast_assign(
		__entry->generation = generation;
		__entry->entries = entries;
		__entry->error = error;
	),

	TP_printk("generation=%u entries=%u error=%d",
		  __entry->generation, __entry->entries, __entry->error)
);

#endif /* _TRACE_EFI_RTMAP_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
