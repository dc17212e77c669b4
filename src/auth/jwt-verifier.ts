import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { JwtConfig } from '../config/config.js';
import type { Grant } from '../access/caller.js';
import { AppError } from '../errors/app-error.js';
import type { Caller } from '../access/caller.js';
import { ROLES } from '../access/role.js';
import { unauthorized } from './unauthorized.js';

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
const KEY_FETCH_TIMEOUT_MS = 3000;
const KEY_CACHE_MS = 10 * 60_000;
const KEY_COOLDOWN_MS = 10_000;
const CLOCK_TOLERANCE_S = 5;

const grantsSchema = z.record(z.string(), z.enum(ROLES));

/** Verifies the JSON Web Tokens of one identity provider against its published keys, which are fetched on demand and cached. */
export class JwtVerifier {
  readonly #config: JwtConfig;
  readonly #keys: JWTVerifyGetKey;

  constructor(config: JwtConfig) {
    this.#config = config;
    const remoteKeys = createRemoteJWKSet(new URL(config.jwksUri), {
      timeoutDuration: KEY_FETCH_TIMEOUT_MS,
      cacheMaxAge: KEY_CACHE_MS,
      cooldownDuration: KEY_COOLDOWN_MS,
    });
    this.#keys = async (header, token) => {
      try {
        return await remoteKeys(header, token);
      } catch (error) {
        throw unavailableUnlessKeyUnknown(error);
      }
    };
  }

  /**
   * Checks signature, issuer, audience and lifetime, and reads the grants claim.
   *
   * @throws {AppError} `UNAUTHORIZED` for a token that is not good, `IDENTITY_PROVIDER_UNAVAILABLE` when the keys cannot be had
   */
  async verify(token: string): Promise<Caller> {
    const { issuer, audience, grantsClaim } = this.#config;
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      const claim = grantsClaim === undefined ? undefined : payload[grantsClaim];
      return { name: payload.sub ?? '', kind: 'jwt', grants: toGrants(claim) };
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw unauthorized(error instanceof errors.JWTExpired ? 'expired' : 'unknown');
    }
  }
}

/** `{ "<project id or *>": "<role>" }`; anything else grants nothing. */
function toGrants(claim: unknown): Grant[] {
  const { data } = grantsSchema.safeParse(claim);
  return Object.entries(data ?? {}).map(([project, role]) => ({ project, role }));
}

/** A key that the provider does not have makes the token bad; keys that cannot be had make the provider unavailable. */
function unavailableUnlessKeyUnknown(error: unknown): unknown {
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return error;
  return new AppError(
    'IDENTITY_PROVIDER_UNAVAILABLE',
    "The identity provider's keys cannot be fetched",
    undefined,
    { 'Retry-After': String(KEY_COOLDOWN_MS / 1000) },
    { cause: error },
  );
}
