/* A text that nobody can guess. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>

#define RANDOM_BYTES 16

struct random_text {
	char text[2*RANDOM_BYTES+1]; /* hexadecimal; empty until it is made */
};

/* Makes it, if it is not there yet. False if the system has no random numbers: it is empty then. */
static inline bool random_text_make(struct random_text *random)
{
	unsigned char bytes[RANDOM_BYTES];

	if(random->text[0]) return true;
	if(getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) return false;
	for(int i=0; i<RANDOM_BYTES; i++) (void)snprintf(&random->text[2*i], 3, "%02x", bytes[i]);
	return true;
}
