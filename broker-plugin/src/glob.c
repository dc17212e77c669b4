#include "glob.h"

#include <stddef.h>
#include <string.h>

#define MAX_PATTERN_CHARACTERS 256

static const char *next_character(const char *at)
{
	do{
		at++;
	}while(((unsigned char)*at & 0xC0) == 0x80);
	return at;
}

bool glob_has_wildcard(const char *pattern)
{
	for(; *pattern; pattern++){
		if(*pattern == '*' || *pattern == '?') return true;
		if(*pattern == '\\' && pattern[1]) pattern++;
	}
	return false;
}

bool glob_is_everybody(const char *pattern)
{
	return pattern[strspn(pattern, "*?")] == '\0';
}

bool glob_is_valid(const char *pattern)
{
	size_t characters = 0;

	for(const char *at=pattern; *at; at=next_character(at)){
		characters++;
		if(*at == '\\'){
			characters++;
			if(*++at == '\0') return false;
		}
	}
	return characters > 0 && (characters <= MAX_PATTERN_CHARACTERS || !glob_has_wildcard(pattern));
}

/* False if the text does not end in what follows the pattern's last `*`. Tells most misses, however long the text. */
static bool may_end_so(const char *pattern, const char *text)
{
	const char *star = strrchr(pattern, '*');
	size_t tail = star ? strlen(star+1) : 0;
	size_t length = strlen(text);

	if(tail == 0 || strpbrk(pattern, "?\\")) return true;
	return length >= tail && !memcmp(&text[length-tail], star+1, tail);
}

/*
 * One walk over the text, back to the last `*` where it fails: what an earlier `*` takes need never be taken back,
 * because the later one can take all that the earlier would have.
 */
bool glob_matches(const char *pattern, const char *text)
{
	const char *star = NULL;      /* the pattern after the last `*` */
	const char *star_text = NULL; /* where what follows it is tried */

	if(!may_end_so(pattern, text)) return false;
	while(*text){
		const char *literal = *pattern == '\\' ? pattern+1 : pattern;

		if(*pattern == '*'){
			star = ++pattern;
			star_text = text;
			if(*star == '\0') return true;
		}else if(*pattern == '?'){
			pattern++;
			text = next_character(text);
		}else if(*pattern && *literal == *text){
			pattern = literal+1;
			text++;
		}else if(star){
			pattern = star;
			star_text = next_character(star_text);
			if(!strchr("?\\*", *star)){
				star_text = strchr(star_text, *star); /* where it may go on at all */
				if(!star_text) return false;
			}
			text = star_text;
		}else{
			return false;
		}
	}
	while(*pattern == '*') pattern++;
	return *pattern == '\0';
}
