#include "glob.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MAX_PATTERN_CHARACTERS 256

/* Steps of the walk, after which the text counts as made to be walked over again and again. */
#define MAX_WALKED 4096

/* Bytes that strlen() and memchr() get over in the time of a step. */
#define SEARCHED_IN_A_STEP 64

/* Places in a pattern that has a wildcard: before each of its bytes, and behind the last. */
#define PLACE_WORDS (4*MAX_PATTERN_CHARACTERS/64 + 1)

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

/* Takes from the steps that are left; false if they are used up. */
static bool spend(size_t *steps, size_t count)
{
	*steps = *steps > count ? *steps-count : 0;
	return *steps > 0;
}

/* False if the text does not end in what follows the pattern's last `*`. Tells most misses, however long the text. */
static bool may_end_so(const char *pattern, const char *text, const char *end)
{
	const char *star = strrchr(pattern, '*');
	size_t tail = star ? strlen(star+1) : 0;

	if(tail == 0 || strpbrk(pattern, "?\\")) return true;
	return (size_t)(end-text) >= tail && !memcmp(end-tail, star+1, tail);
}

static void set_place(uint64_t places[PLACE_WORDS], size_t place)
{
	places[place/64] |= UINT64_C(1) << place%64;
}

/*
 * Keeps, as bits, all places of the pattern that the text read so far may have led to ("Shift-And", Baeza-Yates and Gonnet
 * 1992): at most PLACE_WORDS words a byte of the text, whatever a device chooses for its id. For patterns with a wildcard.
 */
static bool matches_in_one_pass(const char *pattern, const char *text, const char *end, size_t *steps)
{
	static uint64_t takes[256][PLACE_WORDS];       /* where this byte leads to the next place */
	uint64_t stays[2][PLACE_WORDS] = { { 0 } };    /* where any byte leads nowhere; [1]: where one within a character does */
	uint64_t at[PLACE_WORDS] = { 1 };
	size_t last = 0;

	memset(takes, 0, sizeof(takes));
	for(; *pattern; pattern++){
		if(*pattern == '*'){
			set_place(stays[0], last);
			set_place(stays[1], last);
			continue;
		}
		if(*pattern == '?'){
			for(unsigned int byte=0; byte<256; byte++){
				if((byte & 0xC0) != 0x80) set_place(takes[byte], last);
			}
			set_place(stays[1], last+1);
		}else{
			if(*pattern == '\\') pattern++;
			set_place(takes[(unsigned char)*pattern], last);
		}
		last++;
	}
	if(!spend(steps, sizeof(takes)/SEARCHED_IN_A_STEP + (size_t)(end-text)*(last/64+1))) return false;
	for(; text<end; text++){
		const uint64_t *stay = stays[((unsigned char)*text & 0xC0) == 0x80];
		const uint64_t *take = takes[(unsigned char)*text];
		uint64_t carry = 0, any = 0;

		for(size_t word=0; word<=last/64; word++){
			uint64_t moves = at[word] & take[word];

			at[word] = moves << 1 | carry | (at[word] & stay[word]);
			carry = moves >> 63;
			any |= at[word];
		}
		if(!any) return false;
	}
	return at[last/64] >> last%64 & 1;
}

/*
 * One walk over the text, back to the last `*` where it fails: what an earlier `*` takes need never be taken back,
 * because the later one can take all that the earlier would have.
 */
bool glob_matches_within(const char *pattern, const char *text, size_t *steps)
{
	const char *star = NULL;      /* the pattern after the last `*` */
	const char *star_text = NULL; /* where what follows it is tried */
	const char *end = NULL;       /* of the text, once there is a `*` */
	int walked = 0;

	while(*text){
		const char *literal = *pattern == '\\' ? pattern+1 : pattern;

		walked++;
		if(!spend(steps, 1)) return false;
		if(*pattern == '*'){
			if(!end){
				end = text+strlen(text);
				if(!spend(steps, (size_t)(end-text)/SEARCHED_IN_A_STEP) || !may_end_so(pattern, text, end)) return false;
			}
			star = ++pattern;
			star_text = text;
			if(*star == '\0') return true;
		}else if(*pattern == '?'){
			pattern++;
			text = next_character(text);
		}else if(*pattern && *literal == *text){
			pattern = literal+1;
			text++;
		}else if(star && walked > MAX_WALKED){
			return matches_in_one_pass(star-1, star_text, end, steps);
		}else if(star){
			const char *before = star_text;

			pattern = star;
			star_text = next_character(star_text);
			if(!strchr("?\\*", *star)){
				star_text = memchr(star_text, *star, (size_t)(end-star_text)); /* where it may go on at all */
				if(!spend(steps, (size_t)((star_text ? star_text : end)-before)/SEARCHED_IN_A_STEP)) return false;
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

bool glob_matches(const char *pattern, const char *text)
{
	size_t steps = SIZE_MAX;

	return glob_matches_within(pattern, text, &steps);
}
