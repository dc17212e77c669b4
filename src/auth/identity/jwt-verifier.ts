import { hash } from 'node:crypto';
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import type { Caller } from '../../access/caller.js';
import type { JwtConfig } from '../../config/config.js';
import { AppError } from '../../errors/app-error.js';
import { unauthorized } from '../unauthorized.js';
import { claimAt, grantsFrom } from './claim-grants.js';
import { KeysUnavailable, ProviderKeys, type ProviderKeysObserver } from './provider-keys.js';

/** Is told what an operator should know of a provider and its tokens. */
export interface JwtObserver extends ProviderKeysObserver {
  /** Entries of an accepted token's claims that mean no grant. */
  onIgnoredGrants(ignored: readonly string[]): void;
}

/** Signatures that need the provider's private key; an HMAC could be forged by whoever knows the public one. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const CLOCK_TOLERANCE_S = 5;
const MAX_NAME_LENGTH = 256;
/** Keys without an id that are tried for one token. */
const MAX_CANDIDATES = 5;

/**
 * Verifies the JSON Web Tokens of one identity provider against its published keys.
 *
 * What can be told without keys is told first, so that garbage never makes the service ask the provider. Source: RFC 7519,
 * RFC 8725.
 */
export class JwtVerifier {
  readonly issuer: string;
  readonly #config: JwtConfig;
  readonly #keys: ProviderKeys;
  readonly #observer: JwtObserver | undefined;

  constructor(config: JwtConfig, observer?: JwtObserver) {
    this.issuer = config.issuer;
    this.#config = config;
    this.#observer = observer;
    this.#keys = new ProviderKeys(config, observer);
  }

  /**
   * Checks signature, issuer, audience and lifetime, and reads name and grants.
   *
   * @throws {AppError} `UNAUTHORIZED` for a token that is not good (its `cause` tells the log which check failed);
   *   `IDENTITY_PROVIDER_UNAVAILABLE` when the keys cannot be had
   */
  async verify(token: string): Promise<Caller> {
    this.#checkWithoutKeys(token);
    const payload = await this.#checkSignature(token);
    const { grants, ignored } = grantsFrom(payload, this.#config);
    if (ignored.length > 0) this.#observer?.onIgnoredGrants(ignored);
    const { issuer } = this;
    return { id: idOf(issuer, payload.sub), name: this.#nameOf(payload), kind: 'jwt', issuer, grants };
  }

  #checkWithoutKeys(token: string): void {
    let payload: JWTPayload;
    try {
      const { alg } = decodeProtectedHeader(token);
      if (alg === undefined || !ALGORITHMS.includes(alg))
        throw new Error(`the algorithm ${alg ?? '(none)'} is not accepted`);
      payload = decodeJwt(token);
    } catch (error) {
      throw unauthorized('unknown', whyOf(error));
    }
    const { exp, sub } = payload;
    if (typeof sub !== 'string' || sub === '') throw unauthorized('unknown', 'sub is not a text, or empty');
    if (typeof exp !== 'number') throw unauthorized('unknown', 'exp is missing');
    if (exp + CLOCK_TOLERANCE_S <= Date.now() / 1000) throw unauthorized('expired', 'exp is in the past');
  }

  async #checkSignature(token: string): Promise<JWTPayload> {
    try {
      return await this.#verifyWith(token, await this.#keys.current());
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw toAppError(error);
    }
    // The provider may have changed its keys since they were fetched.
    try {
      return await this.#verifyWith(token, await this.#keys.renewed());
    } catch (error) {
      throw toAppError(error);
    }
  }

  async #verifyWith(token: string, keys: JWTVerifyGetKey): Promise<JWTPayload> {
    const { issuer, audience } = this.#config;
    const options = {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_S,
    };
    try {
      return (await jwtVerify(token, keys, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await verifyWithAny(token, error, options);
    }
  }

  /** The claim that names the caller in log and audit trail, else `sub`. */
  #nameOf(payload: JWTPayload): string {
    const claim = claimAt(payload, this.#config.nameClaim);
    const name = typeof claim === 'string' && claim !== '' ? claim : (payload.sub ?? '');
    return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH - 1)}…` : name;
  }
}

/** A subject is unique within its issuer only (RFC 7519, section 4.1.2), and of any length. */
function idOf(issuer: string, subject: string | undefined): string {
  return `jwt:${hash('sha256', JSON.stringify([issuer, subject]), 'base64url')}`;
}

/** A provider may publish several keys without ids; each that fits the algorithm is tried. */
async function verifyWithAny(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  let tried = 0;
  for await (const key of candidates) {
    if (++tried > MAX_CANDIDATES) break;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function toAppError(error: unknown): AppError {
  if (error instanceof KeysUnavailable) {
    return new AppError(
      'IDENTITY_PROVIDER_UNAVAILABLE',
      "The identity provider's keys cannot be fetched",
      undefined,
      { 'Retry-After': String(Math.ceil(error.retryAfterMs / 1000)) },
      { cause: error },
    );
  }
  return unauthorized(error instanceof errors.JWTExpired ? 'expired' : 'unknown', whyOf(error));
}

/** jose's own words, which name the claim or the step and hold nothing of the token. */
function whyOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, MAX_NAME_LENGTH) : 'unreadable';
}
