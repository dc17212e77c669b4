#include "request_text.h"

#include <stdint.h>
#include <string.h>

#include "broker_api.h"

size_t request_text_sequence(const char *start, size_t length)
{
	const unsigned char *text = (const unsigned char *)start;
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		size_t length;
	} sequences[] = {
		{ 0x01, 0x7F, 0x00, 0x00, 1 },
		{ 0xC2, 0xDF, 0x80, 0xBF, 2 },
		{ 0xE0, 0xE0, 0xA0, 0xBF, 3 },
		{ 0xE1, 0xEC, 0x80, 0xBF, 3 },
		{ 0xED, 0xED, 0x80, 0x9F, 3 },
		{ 0xEE, 0xEF, 0x80, 0xBF, 3 },
		{ 0xF0, 0xF0, 0x90, 0xBF, 4 },
		{ 0xF1, 0xF3, 0x80, 0xBF, 4 },
		{ 0xF4, 0xF4, 0x80, 0x8F, 4 },
	};

	for(size_t i=0; i<sizeof(sequences)/sizeof(sequences[0]); i++){
		if(text[0] < sequences[i].first_min || text[0] > sequences[i].first_max) continue;
		if(length < sequences[i].length) return 0;
		if(sequences[i].length > 1
				&& (text[1] < sequences[i].second_min || text[1] > sequences[i].second_max)){
			return 0;
		}
		for(size_t k=2; k<sequences[i].length; k++){
			if((text[k] & 0xC0) != 0x80) return 0;
		}
		return sequences[i].length;
	}
	return 0;
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
