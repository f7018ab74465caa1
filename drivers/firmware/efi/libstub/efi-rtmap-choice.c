// SPDX-License-Identifier: GPL-2.0
/*
 * The stub's choice of a map. These are functions from values to values. The host
 * compiles them too.
 *
 * This file is C, because the stub has no Rust.
 */

#include <linux/efi-rtmap-table.h>

#include "efi-rtmap-choice.h"

#define SECOND		1000		/* milliseconds */
#define MAX_TIMEOUT	(0xffff * SECOND)

static bool ends(const char *option)
{
	return !*option || *option == ',';
}

/* Returns the rest of @option behind @start, or NULL if @option has another start. */
static const char *after(const char *option, const char *start)
{
	while (*start) {
		if (*option++ != *start++)
			return NULL;
	}
	return option;
}

static bool is_word(const char *option, const char *word)
{
	option = after(option, word);
	return option && ends(option);
}

/*
 * Returns the milliseconds at @option, which has seconds or, with "ms" at its end,
 * milliseconds. Returns 0 if the word is no number or too large.
 */
static u32 read_timeout(const char *option)
{
	u32 number = 0;

	if (*option == '+')
		option++;
	for (; *option >= '0' && *option <= '9'; option++) {
		number = 10 * number + (*option - '0');
		if (number > MAX_TIMEOUT)
			return 0;
	}
	if (is_word(option, "ms"))
		return number;
	if (!ends(option) || number > MAX_TIMEOUT / SECOND)
		return 0;
	return number * SECOND;
}

/* The privilege of firmware is the business of the kernel proper. */
static bool is_privilege(const char *word)
{
	return is_word(word, "user") || is_word(word, "kernel") ||
	       is_word(word, "user=learn") || is_word(word, "user=enforce") ||
	       after(word, "ports=") || after(word, "calls=");
}

/* Reads one word, without the prefix. An unknown word asks for the best kind. */
static void add_word(struct efi_rtmap_request *request, const char *word)
{
	const char *timeout = after(word, "timeout=");
	u32 limit;

	if (timeout) {
		limit = read_timeout(timeout);
		if (limit)
			request->timeout = limit;
	} else if (is_word(word, "retry")) {
		request->retry = true;
	} else if (is_word(word, "off")) {
		request->off = true;
	} else if (!is_privilege(word)) {
		request->off = false;
		request->kind = is_word(word, "phys") ? EFI_RTMAP_KIND_PHYS :
				is_word(word, "ident") ? EFI_RTMAP_KIND_IDENT :
				is_word(word, "fixed") ? EFI_RTMAP_KIND_FIXED : 0;
	}
}

/**
 * efi_rtmap_add_option() - read the words of one efi= option
 * @request: the request so far
 * @option: the words, separated by commas
 *
 * Later words win. Words without the prefix rtmap: are not ours. One exception is
 * novamap, an older word for rtmap:phys.
 */
void efi_rtmap_add_option(struct efi_rtmap_request *request, const char *option)
{
	const char *word;

	for (;;) {
		word = after(option, "rtmap:");
		if (word)
			add_word(request, word);
		else if (is_word(option, "novamap"))
			request->kind = EFI_RTMAP_KIND_PHYS;
		while (!ends(option))
			option++;
		if (!*option)
			return;
		option++;
	}
}

/* Returns the best kind if all addresses fitted. */
static u32 preferred(const struct efi_rtmap_choice_facts *facts, u32 *reason)
{
	if (!facts->svam_supported) {
		*reason = EFI_RTMAP_REASON_SVAM_UNSUPPORTED;
		return EFI_RTMAP_KIND_PHYS;
	}
	if (facts->quirk == EFI_RTMAP_KIND_PHYS) {
		*reason = EFI_RTMAP_REASON_QUIRK;
		return EFI_RTMAP_KIND_PHYS;
	}
	if (facts->request.kind) {
		*reason = EFI_RTMAP_REASON_REQUESTED;
		return facts->request.kind;
	}
	if (facts->quirk) {
		*reason = EFI_RTMAP_REASON_QUIRK;
		return facts->quirk;
	}
	*reason = EFI_RTMAP_REASON_DEFAULT;
	return facts->default_kind;
}

/* Returns the best kind instead of @kind, which does not fit, or 0. */
static u32 nearest(const struct efi_rtmap_choice_facts *facts, u32 kind, u32 reason)
{
	if (kind == EFI_RTMAP_KIND_FIXED)
		return facts->identity_fits ? EFI_RTMAP_KIND_IDENT : 0;
	/* A reason against SetVirtualAddressMap() is a reason here too. */
	if (kind == EFI_RTMAP_KIND_PHYS && reason != EFI_RTMAP_REASON_DEFAULT)
		return 0;
	return facts->fixed_fits ? EFI_RTMAP_KIND_FIXED : 0;
}

/**
 * efi_rtmap_choose() - decide on a map for firmware that has just started
 * @facts: the facts that the choice depends on
 *
 * Return: the decision. rust/plan/choice/decide.rs makes the same one for such
 * firmware.
 */
struct efi_rtmap_choice
efi_rtmap_choose(const struct efi_rtmap_choice_facts *facts)
{
	struct efi_rtmap_choice choice = { .reason = EFI_RTMAP_REASON_REQUESTED };
	u32 kind;
	bool fits;

	if (facts->request.off)
		return choice;

	kind = preferred(facts, &choice.reason);
	fits = kind == EFI_RTMAP_KIND_FIXED ? facts->fixed_fits : facts->identity_fits;
	if (!fits) {
		u32 instead = nearest(facts, kind, choice.reason);

		/*
		 * A reason against SetVirtualAddressMap() says more than the lack
		 * of room.
		 */
		if (instead || kind != EFI_RTMAP_KIND_PHYS ||
		    choice.reason == EFI_RTMAP_REASON_DEFAULT)
			choice.reason = EFI_RTMAP_REASON_DOES_NOT_FIT;
		kind = instead;
	}
	choice.kind = kind;
	return choice;
}
