import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

const KEY_ID = 'key-1';

/** A real identity provider as far as the service can see: it publishes keys over HTTP and signs tokens. */
export class IdentityProvider {
  readonly audience = 'client-control';
  /** How often its keys were fetched. */
  fetches = 0;
  /** What it answers to who fetches its keys. */
  status = 200;
  /** Further pages of it: whether it has answered a request. */
  pages: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly keys: JWK[];
  #key: CryptoKey;
  #kid = KEY_ID;
  #server: Server | undefined;

  private constructor(
    key: CryptoKey,
    publicKey: JWK,
    readonly port: number,
    readonly issuer: string,
  ) {
    this.#key = key;
    this.keys = [{ ...publicKey, kid: KEY_ID, alg: 'RS256', use: 'sig' }];
  }

  static async create(port: number, issuer = 'https://id.example.com/'): Promise<IdentityProvider> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    return new IdentityProvider(privateKey, await exportJWK(publicKey), port, issuer);
  }

  /** Signs with a new key from now on, and publishes that one only. */
  async rotate(kid: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    this.#key = privateKey;
    this.#kid = kid;
    this.keys.splice(0, this.keys.length, { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' });
  }

  /** The `auth.jwt` section of a configuration that trusts it. */
  get config(): object {
    const { issuer, audience } = this;
    return { issuer, audience, jwksUri: `http://127.0.0.1:${this.port}/jwks`, grantsClaim: 'client_control' };
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      if (this.pages(request, response)) return;
      this.fetches += 1;
      response.writeHead(this.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys: this.keys }));
    }).listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    if (this.#server === undefined) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    this.#server = undefined;
  }

  /** Signs a good token; `claims` and `header` replace or add what a test wants different. */
  token(
    claims: JWTPayload = {},
    options: {
      readonly kid?: string | null;
      readonly alg?: string;
      readonly key?: CryptoKey | Uint8Array;
    } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: this.issuer, aud: this.audience, sub: 'ada', iat: now, exp: now + 300, ...claims };
    return new SignJWT(payload)
      .setProtectedHeader({
        alg: options.alg ?? 'RS256',
        ...(options.kid !== null && { kid: options.kid ?? this.#kid }),
      })
      .sign(options.key ?? this.#key);
  }
}
