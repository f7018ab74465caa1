// SPDX-License-Identifier: GPL-2.0
/*
 * The init process of every kernel of the chain. It tells the facts of its kernel on
 * the console, and starts the next kernel by kexec. vmtest.sh judges the facts.
 *
 * The command line tells the number of this kernel and of the last one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef __u8 u8;
#include "../../../../include/linux/efi-rtmap-table.h"

#define RTMAP		"/sys/firmware/efi/rtmap/"
#define EFIVARS		"/sys/firmware/efi/efivars"
#define VARIABLE	EFIVARS "/RtmapTest%d-6a6d0a3c-7b1e-4f0b-9d0e-2f1c5a7e9b34"
#define NUMBER		"rtmap_kernel="

/* The attributes NON_VOLATILE, BOOTSERVICE_ACCESS and RUNTIME_ACCESS. */
#define ATTRIBUTES	7

struct variable {
	__u32 attributes;
	__u32 value;
};

static int number;
static char buffer[1 << 18];

/* Returns the length, or -1. A NUL byte follows the content. */
static ssize_t read_file(const char *path)
{
	ssize_t got, length = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	while ((got = read(fd, buffer + length, sizeof(buffer) - 1 - length)) > 0)
		length += got;
	close(fd);
	buffer[length] = '\0';
	return got ? -1 : length;
}

/* For a file of one line. */
static bool read_line(const char *path)
{
	char *end;

	if (read_file(path) < 0)
		return false;
	end = strchr(buffer, '\n');
	if (end)
		*end = '\0';
	return true;
}

static void tell(const char *name, const char *value)
{
	printf("efi-rtmap: %d %s %s\n", number, name, value);
}

static void tell_file(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), RTMAP "%s", name);
	if (read_line(path))
		tell(name, buffer);
}

/* The slot that was written last. */
static const struct efi_rtmap_table_slot *current_slot(void)
{
	const struct efi_rtmap_table_header *header = (void *)buffer;
	const struct efi_rtmap_table_slot *slot, *current = NULL;

	for (int i = 0; i < EFI_RTMAP_TABLE_SLOTS; i++) {
		slot = (void *)(buffer + sizeof(*header) + i * header->slot_size);
		if (!slot->length)
			continue;
		if (!current || slot->sequence > current->sequence)
			current = slot;
	}
	return current;
}

static void tell_table(void)
{
	const struct efi_rtmap_table_slot *slot;
	const struct efi_rtmap_table_entry *entry;
	char text[96];

	if (read_file(RTMAP "table") < (ssize_t)sizeof(struct efi_rtmap_table_header))
		return;
	slot = current_slot();
	if (!slot)
		return;

	snprintf(text, sizeof(text), "%d", (int)slot->svam_generation);
	tell("svam_generation", text);
	for (__u32 i = 0; i < slot->entry_count; i++) {
		entry = (void *)((char *)slot + slot->entry_offset + i * slot->entry_size);
		snprintf(text, sizeof(text), "%llx at %llx, %llu pages, permission %u",
			 (unsigned long long)entry->phys, (unsigned long long)entry->virt,
			 (unsigned long long)entry->pages, entry->permission);
		tell("region", text);
	}
}

static void write_variable(void)
{
	const struct variable variable = { ATTRIBUTES, number };
	char path[96];
	int fd;

	snprintf(path, sizeof(path), VARIABLE, number);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	if (fd < 0)
		return;
	write(fd, &variable, sizeof(variable));
	close(fd);
}

/* The numbers of the kernels whose variables are there, this one included. */
static void tell_variables(void)
{
	const struct variable *variable = (void *)buffer;
	char path[96], text[96];
	int used = 0;

	for (int i = 0; i <= number; i++) {
		snprintf(path, sizeof(path), VARIABLE, i);
		if (read_file(path) == sizeof(*variable) && variable->value == (__u32)i)
			used += snprintf(text + used, sizeof(text) - used, "%d,", i);
	}
	if (used)
		tell("variables", text);
}

static bool kexec(void)
{
	int kernel = open("/kernel", O_RDONLY);
	int initrd = open("/sys/firmware/initrd", O_RDONLY);
	size_t length;
	char *digit;

	if (kernel < 0 || initrd < 0 || !read_line("/proc/cmdline"))
		return false;
	digit = strstr(buffer, NUMBER);
	if (!digit)
		return false;
	digit[strlen(NUMBER)]++;
	/* A call among the arguments of syscall() would overwrite registers. */
	length = strlen(buffer) + 1;
	return !syscall(__NR_kexec_file_load, kernel, initrd, length, buffer, 0) &&
	       !reboot(RB_KEXEC);
}

int main(void)
{
	const char *this = getenv("rtmap_kernel"), *last = getenv("rtmap_last");

	number = this ? atoi(this) : 0;
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("efivarfs", EFIVARS, "efivarfs", 0, NULL);

	/* Messages of the kernel would stand between the facts. */
	syscall(__NR_syslog, 6, NULL, 0);
	tell_file("kind");
	tell_file("origin");
	tell_file("generation");
	tell_file("svam");
	tell_file("wx_pages");
	tell_table();
	write_variable();
	tell_variables();
	syscall(__NR_syslog, 7, NULL, 0);

	if (last && number < atoi(last) && !kexec())
		printf("efi-rtmap: %d kexec: %s\n", number, strerror(errno));
	reboot(RB_AUTOBOOT);
	return 1;
}
