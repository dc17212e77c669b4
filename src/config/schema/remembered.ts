import { hash } from 'node:crypto';

/** Verdicts that are kept, about 150 bytes each; the oldest make room. */
const MAX_VERDICTS = 10_000;

/**
 * Remembers what a check says of texts, which is always the same: many brokers name the same files, and a reload meets
 * those that it met before. Only digests of the texts are kept, as some are private keys.
 */
export function remembered<Texts extends readonly string[]>(
  check: (...texts: Texts) => boolean,
): (...texts: Texts) => boolean {
  const verdicts = new Map<string, boolean>();
  return (...texts) => {
    const key = hash('sha256', JSON.stringify(texts), 'base64url');
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = check(...texts);
    const [oldest] = verdicts.keys();
    if (verdicts.size >= MAX_VERDICTS && oldest !== undefined) verdicts.delete(oldest);
    verdicts.set(key, verdict);
    return verdict;
  };
}
