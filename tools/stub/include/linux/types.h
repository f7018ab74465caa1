/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's types, for the host. */
#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint16_t __le16;
typedef uint32_t __le32;
typedef uint64_t __le64;

#define __packed __attribute__((__packed__))

#endif /* _LINUX_TYPES_H */
