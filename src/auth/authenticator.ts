import { Injectable } from '@nestjs/common';
import type { AuthConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { readBearerToken } from './bearer-token.js';
import type { Caller } from '../access/caller.js';
import { JwtVerifier } from './jwt-verifier.js';
import { TokenTable } from './token-table.js';
import { unauthorized } from './unauthorized.js';

/** Tells who is calling, from the `Authorization` header and the configuration in force. */
@Injectable()
export class Authenticator {
  #tokens: TokenTable;
  #jwt: JwtVerifier | undefined;

  constructor(config: ConfigStore) {
    const {
      tokens,
      jwt: [jwt],
    } = config.current.auth;
    this.#tokens = new TokenTable(tokens);
    this.#jwt = jwt && new JwtVerifier(jwt);
    let before = config.current.auth;
    config.onChange(({ auth }) => {
      this.#replace(auth, before);
      before = auth;
    });
  }

  /**
   * @param header the `Authorization` header
   * @returns at once for an opaque token, a promise for a JWT
   * @throws {AppError} `UNAUTHORIZED`; `IDENTITY_PROVIDER_UNAVAILABLE` for a JWT that cannot be checked now
   */
  authenticate(header: string | undefined): Caller | Promise<Caller> {
    const bearer = readBearerToken(header);
    if (bearer.kind === 'missing' || bearer.kind === 'malformed') throw unauthorized(bearer.kind);
    // An opaque token may look like a JWT, never the other way round.
    const token = this.#tokens.find(bearer.token);
    if (token !== undefined) {
      if (token.expiresAt !== undefined && token.expiresAt.getTime() <= Date.now())
        throw unauthorized('expired');
      return token.caller;
    }
    if (bearer.kind === 'jwt' && this.#jwt !== undefined) return this.#jwt.verify(bearer.token);
    throw unauthorized('unknown');
  }

  /** Keeps the identity provider's cached keys when its settings did not change. */
  #replace({ tokens, jwt: [jwt] }: AuthConfig, before: AuthConfig): void {
    this.#tokens = new TokenTable(tokens);
    if (JSON.stringify(jwt) !== JSON.stringify(before.jwt[0])) this.#jwt = jwt && new JwtVerifier(jwt);
  }
}
