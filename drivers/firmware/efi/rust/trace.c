// SPDX-License-Identifier: GPL-2.0
/* The trace events of the EFI runtime map. */

#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include <trace/events/efi_rtmap.h>
