import type { ClientQuery } from '@mqtt-client-control/client';

const WILDCARD = /(?<!\\)[*?]/;
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[\da-f]*:[\da-f:.]*:[\da-f:.]*)(\/\d{1,3})?$/i;

/**
 * What is asked of the brokers for a text that somebody typed: the client with exactly this id first, then ids and user
 * names with the text in them, and an address or network where it may be one. A pattern is taken as it is.
 */
export function questionsFor(text: string): ClientQuery[] {
  const isPattern = WILDCARD.test(text);
  const pattern = isPattern ? text : `*${text}*`;
  return [
    ...(isPattern ? [] : [{ clientid: text }]),
    { clientid: pattern },
    { username: pattern },
    ...(ADDRESS.test(text) ? [{ address: text }] : []),
  ];
}
