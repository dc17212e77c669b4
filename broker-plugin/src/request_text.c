#include "request_text.h"

#include <stdint.h>
#include <string.h>

#include "broker_api.h"

size_t request_text_sequence(const char *start, size_t length)
{
	/* By length: the first character that needs it. One that is written longer than it needs is none. */
	static const uint32_t first[] = { 0, 0x01, 0x80, 0x800, 0x10000 };
	const unsigned char *text = (const unsigned char *)start;
	size_t bytes = text[0] < 0x80 ? 1 : text[0] < 0xC0 ? 0 : text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : text[0] < 0xF8 ? 4 : 0;
	uint32_t character = bytes == 1 ? text[0] : text[0] & (0x7Fu >> bytes);

	if(length < bytes) return 0;
	for(size_t i=1; i<bytes; i++){
		if((text[i] & 0xC0) != 0x80) return 0;
		character = character << 6 | (text[i] & 0x3Fu);
	}
	if(character < first[bytes] || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) return 0;
	return bytes;
}

char *request_text_copy(const void *payload, size_t length)
{
	const char *from = payload;
	char *text = mosquitto_malloc(length+1);
	size_t step;

	if(!text) return NULL;
	for(size_t i=0; i<length; i+=step){
		unsigned char character = (unsigned char)from[i];

		if(character > 0 && character < 0x80 && character != '\\'){ /* most of it */
			text[i] = from[i];
			step = 1;
			continue;
		}
		step = request_text_sequence(&from[i], length-i);
		if(step == 0){
			mosquitto_free(text);
			return NULL;
		}
		memcpy(&text[i], &from[i], step);
		if(from[i] == '\\' && length-i >= 2 && !(from[i+1] & 0x80)){
			/* An escape: two characters, so that the second of two backslashes begins none. */
			text[i+1] = from[i+1];
			step = 2;
			if(length-i >= 6 && !memcmp(&from[i], "\\u0000", 6)){
				memcpy(&text[i], "\\uffff", 6);
				step = 6;
			}
			if(text[i+1] == '\0'){
				mosquitto_free(text);
				return NULL;
			}
		}
	}
	text[length] = '\0';
	return text;
}

bool request_text_has_nul(const char *string)
{
	return strstr(string, "\xEF\xBF\xBF") != NULL;
}
