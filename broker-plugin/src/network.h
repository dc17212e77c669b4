#pragma once

#include <stdbool.h>

/* An address or a network. IPv4 is held as IPv4-mapped IPv6. */
struct network {
	unsigned char address[16];
	int prefix_bits;
};

/*
 * "10.0.0.7", "10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.0/104"; false for anything else. The bits after the prefix do
 * not count.
 */
bool network_read(struct network *network, const char *text);

/* Whether it is a single address. */
bool network_is_address(const struct network *network);

/* A network of IPv6 holds no IPv4 address, however that is written. */
bool network_holds(const struct network *network, const struct network *address);

/* Whether it holds all of IPv4 or all of IPv6. */
bool network_is_everybody(const struct network *network);
