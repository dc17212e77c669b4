#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Patterns for client ids and usernames: `*` stands for any characters, `?` for exactly one (a Unicode character), and
 * `\` makes the next character stand for itself. All is case-sensitive. Patterns and texts are UTF-8.
 */

/* Whether the text is what the pattern stands for, in time proportional to the text's length. Patterns have to be valid. */
bool glob_matches(const char *pattern, const char *text);

/*
 * The same for one text and very many patterns: all together take no more than some steps, of about a nanosecond each. What
 * it takes is taken from `steps`. At 0 they are used up: it is false then, and not known.
 */
bool glob_matches_within(const char *pattern, const char *text, size_t *steps);

/* Whether there is a `*` or `?` in it that stands for something else. */
bool glob_has_wildcard(const char *pattern);

/* Whether nothing but wildcards is in it. */
bool glob_is_everybody(const char *pattern);

/* Whether it is a pattern: not empty, no `\` at the end, and at most 256 characters if it has a wildcard. */
bool glob_is_valid(const char *pattern);
