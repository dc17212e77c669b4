#pragma once

#include <stdint.h>
#include <time.h>

/* Milliseconds since the epoch. */
static inline int64_t clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec*1000 + now.tv_nsec/1000000;
}

/* Microseconds of a clock that is never set. */
static inline int64_t clock_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec*1000000 + now.tv_nsec/1000;
}
