interface Bits {
  readonly value: bigint;
  readonly length: 32 | 128;
}

/** Whether an address is the other, or in the network that it names (`10.0.0.0/8`, `2001:db8::/32`). */
export function matchesAddress(network: string, address: string): boolean {
  const [base = '', prefix] = network.split('/');
  const wanted = bitsOf(base);
  const given = bitsOf(address);
  if (wanted === undefined || given === undefined) return network === address;
  if (wanted.length !== given.length) return false;
  const shift = BigInt(wanted.length - Number(prefix ?? wanted.length));
  return wanted.value >> shift === given.value >> shift;
}

function bitsOf(text: string): Bits | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  return mapped === undefined ? (bitsOfV4(text) ?? bitsOfV6(text)) : bitsOfV4(mapped);
}

function bitsOfV4(text: string): Bits | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const value = text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  return { value, length: 32 };
}

function bitsOfV6(text: string): Bits | undefined {
  if (!/^[\da-f:]+$/i.test(text) || !text.includes(':')) return undefined;
  const [head = '', tail] = text.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - front.length - back.length;
  if (missing < 0 || (tail === undefined && missing > 0)) return undefined;
  const groups = [...front, ...Array.from({ length: missing }, () => '0'), ...back];
  return { value: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n), length: 128 };
}
