import { isIPv4, isIPv6 } from 'node:net';

/** An address or a network in CIDR notation, made ready for many addresses. */
export interface AddressRange {
  /** Whether it holds every address of a family. */
  readonly isWide: boolean;
  /** Whether the address is in it. What is no address is in none. */
  readonly includes: (address: string) => boolean;
}

/** An address as 32-bit words: one for IPv4, four for IPv6. */
type Words = readonly number[];

interface Network {
  readonly words: Words;
  readonly prefixBits: number;
}

/** The first 96 bits of an IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2). */
const MAPPED_BITS = 96;

/**
 * What keeps a value from being an address or a network: `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`.
 *
 * @returns undefined if it is one
 */
export function addressRangeProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a string';
  return readNetwork(value) === undefined
    ? 'must be an IPv4 or IPv6 address, or a network as 10.0.0.0/8'
    : undefined;
}

/**
 * Makes an address or network ready. Bits after the prefix do not count (`10.0.0.7/8` is `10.0.0.0/8`), and an IPv4
 * address is the same one when it is written as IPv6 (`::ffff:10.0.0.7`).
 *
 * @throws {RangeError} when it is none
 */
export function compileAddressRange(text: string): AddressRange {
  const network = readNetwork(text);
  if (network === undefined) throw new RangeError('no address or network');
  const { words, prefixBits } = network;
  return {
    isWide: prefixBits === 0,
    includes: (address) => {
      const other = readAddress(address);
      return other?.length === words.length && sharesPrefix(words, other, prefixBits);
    },
  };
}

function readNetwork(text: string): Network | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  // A zone belongs to one host; it would name other clients on another one.
  if (rest.length > 0 || address.includes('%')) return undefined;
  const words = readAddress(address);
  if (words === undefined) return undefined;
  const writtenBits = isIPv4(address) ? 32 : 128;
  if (prefix === undefined) return { words, prefixBits: words.length * 32 };
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > writtenBits) return undefined;
  if (writtenBits === 32 || words.length === 4) return { words, prefixBits: Number(prefix) };
  // A network around the mapped addresses would hold IPv4 as a whole, and more.
  return Number(prefix) < MAPPED_BITS ? undefined : { words, prefixBits: Number(prefix) - MAPPED_BITS };
}

/** The words of an address, IPv4 for a mapped one; undefined when it is none. The zone of a link-local one is left out. */
function readAddress(text: string): Words | undefined {
  if (isIPv4(text)) return [ipv4Word(text)];
  if (!isIPv6(text)) return undefined;
  const [address = ''] = text.split('%');
  const [head = '', tail] = address.split('::');
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const groups = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  const words = [0, 2, 4, 6].map((index) => (((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0)) >>> 0);
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff ? words.slice(3) : words;
}

/** The 16-bit groups of a part of an IPv6 address; dotted decimals at its end are two of them. */
function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const word = ipv4Word(group);
    return [word >>> 16, word & 0xffff];
  });
}

function ipv4Word(text: string): number {
  return text.split('.').reduce((word, octet) => ((word << 8) | Number(octet)) >>> 0, 0);
}

function sharesPrefix(network: Words, address: Words, prefixBits: number): boolean {
  for (const [index, word] of network.entries()) {
    const bits = Math.min(Math.max(prefixBits - index * 32, 0), 32);
    if (bits === 0) return true;
    const differing = (word ^ (address[index] ?? 0)) >>> (32 - bits);
    if (differing !== 0) return false;
  }
  return true;
}
