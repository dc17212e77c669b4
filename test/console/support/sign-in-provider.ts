import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { freePort } from '../../support/free-port.js';
import { IdentityProvider } from '../../support/identity-provider.js';

export const CLIENT_ID = 'console';
const SUBJECT = 'ada';

interface Asked {
  readonly challenge: string;
  readonly nonce: string | undefined;
  readonly redirectUri: string;
}

/**
 * A small identity provider with a page to sign in at: OpenID Connect discovery, the authorization code with PKCE for one
 * public client, refresh tokens that are good once. It checks what a strict one checks.
 */
export class SignInProvider {
  /** What its tokens say beside the usual. */
  claims: Record<string, unknown> = { client_control: { '*': 'admin' } };
  /** Refuses whoever wants to sign in. */
  refuses = false;
  givesRefreshTokens = true;
  expiresInSeconds = 300;
  /** Answers to renewals wait for it. */
  held: Promise<void> | undefined;
  /** How often a token was renewed. */
  renewals = 0;
  readonly #codes = new Map<string, Asked>();
  readonly #refreshTokens = new Set<string>();

  private constructor(readonly idp: IdentityProvider) {
    idp.pages = (request, response) => this.#answer(request, response);
  }

  static async start(): Promise<SignInProvider> {
    const port = await freePort();
    const provider = new SignInProvider(await IdentityProvider.create(port, `http://127.0.0.1:${port}`));
    await provider.idp.start();
    return provider;
  }

  get issuer(): string {
    return this.idp.issuer;
  }

  #answer(request: IncomingMessage, response: ServerResponse): boolean {
    const url = new URL(request.url ?? '/', this.issuer);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        sendJson(response, 200, {
          issuer: this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          jwks_uri: `${this.issuer}/jwks`,
          code_challenge_methods_supported: ['S256'],
        });
        return true;
      case '/authorize':
        this.#authorize(url.searchParams, response);
        return true;
      case '/token':
        void this.#token(request, response);
        return true;
      default:
        return false;
    }
  }

  /** The page of the provider, with the button that leads back. */
  #authorize(asked: URLSearchParams, response: ServerResponse): void {
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.searchParams.set('state', asked.get('state') ?? '');
    const isWell =
      asked.get('client_id') === CLIENT_ID &&
      asked.get('response_type') === 'code' &&
      asked.get('code_challenge_method') === 'S256';
    if (!isWell) back.searchParams.set('error', 'invalid_request');
    else if (this.refuses) {
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', 'Ada may not use this application');
    } else {
      const code = randomUUID();
      this.#codes.set(code, {
        challenge: asked.get('code_challenge') ?? '',
        nonce: asked.get('nonce') ?? undefined,
        redirectUri: asked.get('redirect_uri') ?? '',
      });
      back.searchParams.set('code', code);
    }
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(
      `<!doctype html><title>Provider</title><a href="${back.href.replaceAll('&', '&amp;')}">Sign in as Ada</a>`,
    );
  }

  async #token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const grant =
      form.get('client_id') !== CLIENT_ID
        ? undefined
        : form.get('grant_type') === 'refresh_token'
          ? this.#redeemRefreshToken(form)
          : this.#redeemCode(form);
    if (grant === undefined) {
      sendJson(response, 400, { error: 'invalid_grant' });
      return;
    }
    if (form.get('grant_type') === 'refresh_token') await this.held;
    const exp = Math.floor(Date.now() / 1000) + this.expiresInSeconds;
    const refreshToken = randomUUID();
    if (this.givesRefreshTokens) this.#refreshTokens.add(refreshToken);
    sendJson(response, 200, {
      token_type: 'Bearer',
      access_token: await this.idp.token({ sub: SUBJECT, exp, ...this.claims }),
      expires_in: this.expiresInSeconds,
      ...(this.givesRefreshTokens && { refresh_token: refreshToken }),
      id_token: await this.idp.token({ sub: SUBJECT, aud: CLIENT_ID, ...grant }),
    });
  }

  #redeemCode(form: URLSearchParams): object | undefined {
    const code = form.get('code') ?? '';
    const asked = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (asked?.challenge !== challenge || asked.redirectUri !== form.get('redirect_uri')) return undefined;
    return asked.nonce === undefined ? {} : { nonce: asked.nonce };
  }

  #redeemRefreshToken(form: URLSearchParams): object | undefined {
    if (!this.#refreshTokens.delete(form.get('refresh_token') ?? '')) return undefined;
    this.renewals += 1;
    return {};
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
  response.end(JSON.stringify(body));
}
