#include "network.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char mapped_prefix[12] = { [10] = 0xFF, [11] = 0xFF }; /* ::ffff:0:0/96, RFC 4291 2.5.5.2 */

/* 4 or 6, 0 if it is no address. */
static int read_address(unsigned char address[16], const char *text)
{
	if(inet_pton(AF_INET6, text, address) == 1) return 6;
	memcpy(address, mapped_prefix, sizeof(mapped_prefix));
	return inet_pton(AF_INET, text, &address[12]) == 1 ? 4 : 0;
}

static bool is_ipv4(const unsigned char address[16])
{
	return !memcmp(address, mapped_prefix, sizeof(mapped_prefix));
}

bool network_read(struct network *network, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash-text) : strlen(text);

	if(length >= sizeof(address)) return false;
	memcpy(address, text, length);
	address[length] = '\0';
	int family = read_address(network->address, address);
	network->prefix_bits = 128;
	if(family && slash){
		const char *prefix = slash+1;
		size_t digits = strspn(prefix, "0123456789");
		int bits = atoi(prefix);

		if(digits == 0 || digits > 3 || prefix[digits] || (prefix[0] == '0' && digits > 1)){
			return false;
		}
		network->prefix_bits = family == 4 ? 96+bits : bits;
		if(network->prefix_bits > 128 || (is_ipv4(network->address) && network->prefix_bits < 96)){
			return false;
		}
	}
	return family != 0;
}

bool network_is_address(const struct network *network)
{
	return network->prefix_bits == 128;
}

bool network_holds(const struct network *network, const struct network *address)
{
	size_t bytes = (size_t)network->prefix_bits/8;
	int bits = network->prefix_bits%8;

	return network_is_address(address)
			&& is_ipv4(address->address) == is_ipv4(network->address)
			&& memcmp(address->address, network->address, bytes) == 0
			&& (bits == 0 || ((address->address[bytes] ^ network->address[bytes]) >> (8-bits)) == 0);
}

bool network_is_everybody(const struct network *network)
{
	return network->prefix_bits == (is_ipv4(network->address) ? 96 : 0);
}
