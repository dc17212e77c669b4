import { createSecureContext } from 'node:tls';
import type { Issue } from '../errors/issue.js';

/** PEM contents. */
interface KeyPair {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** The issue that a certificate and a key do not go together, if they do not. */
export function keyPairIssues(pair: KeyPair | undefined, path: string): Issue[] {
  if (pair?.cert === undefined || pair.key === undefined) return [];
  try {
    createSecureContext({ cert: pair.cert, key: pair.key });
    return [];
  } catch {
    // OpenSSL's message could tell of the key.
    return [{ path, message: 'needs a certificate and its private key in PEM format' }];
  }
}
