import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { decodeJwt } from 'jose';
import type { Caller } from '../access/caller.js';
import type { AuthConfig, JwtConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { readBearerToken } from './bearer-token.js';
import { IdentityMetrics } from './identity/identity-metrics.js';
import { JwtVerifier } from './identity/jwt-verifier.js';
import { TokenTable } from './token-table.js';
import { unauthorized } from './unauthorized.js';

/** A configured identity provider, and what verifies its tokens. */
interface Provider {
  readonly config: JwtConfig;
  readonly verifier: JwtVerifier;
}

/** Tells who is calling, from the `Authorization` header and the configuration in force. */
@Injectable()
export class Authenticator {
  readonly #metrics: IdentityMetrics;
  #tokens: TokenTable;
  #providers: ReadonlyMap<string, Provider> = new Map();

  constructor(config: ConfigStore, metrics: IdentityMetrics) {
    this.#metrics = metrics;
    this.#tokens = new TokenTable(config.current.auth.tokens);
    this.#follow(config.current.auth);
    config.onChange(({ auth }) => this.#follow(auth));
  }

  /**
   * @param header the `Authorization` header
   * @returns at once for an opaque token, a promise for a JWT
   * @throws {AppError} `UNAUTHORIZED`, whose `cause` tells the log why; `IDENTITY_PROVIDER_UNAVAILABLE` for a JWT that cannot
   *   be checked now
   */
  authenticate(header: string | undefined): Caller | Promise<Caller> {
    const bearer = readBearerToken(header);
    if (bearer.kind === 'missing' || bearer.kind === 'malformed') throw unauthorized(bearer.kind);
    // An opaque token may look like a JWT, never the other way round.
    const token = this.#tokens.find(bearer.token);
    if (token !== undefined) {
      if (token.expiresAt !== undefined && token.expiresAt.getTime() <= Date.now())
        throw unauthorized('expired', `the token ${token.caller.name} has expired`);
      return token.caller;
    }
    if (bearer.kind === 'jwt' && this.#providers.size > 0)
      return this.#verifierOf(bearer.token).verify(bearer.token);
    throw unauthorized('unknown', 'no configured token');
  }

  /** By the issuer that the token names, which is not to be believed before its signature is checked. */
  #verifierOf(token: string): JwtVerifier {
    let issuer: unknown;
    try {
      issuer = decodeJwt(token).iss;
    } catch {
      throw unauthorized('unknown', 'no configured token, and no JWT');
    }
    const provider = typeof issuer === 'string' ? this.#providers.get(issuer) : undefined;
    if (provider === undefined) throw unauthorized('unknown', 'iss names no configured issuer');
    return provider.verifier;
  }

  /** Takes over a configuration; a provider whose settings did not change keeps its cached keys. */
  #follow({ tokens, jwt }: AuthConfig): void {
    this.#tokens = new TokenTable(tokens);
    const before = this.#providers;
    this.#providers = new Map(
      jwt.map((config) => {
        const known = before.get(config.issuer);
        const provider =
          known !== undefined && isDeepStrictEqual(known.config, config)
            ? known
            : { config, verifier: new JwtVerifier(config, this.#metrics.of(config.issuer)) };
        return [config.issuer, provider];
      }),
    );
    for (const issuer of before.keys()) if (!this.#providers.has(issuer)) this.#metrics.forget(issuer);
  }
}
