import { signal } from '@preact/signals';
import type { AuthorizationServer, TokenEndpointResponse } from 'oauth4webapi';
import { goTo } from '../router.js';
import { forgetRenewal, keptRenewal, signIn, token } from '../session.js';
import { BASE, settings, type SignInSettings } from '../settings.js';

/**
 * Signing in with the identity provider: authorization code with PKCE (RFC 7636, RFC 9700), as a public client. Its library
 * is loaded when it is needed.
 */

/** Where the provider is, if one is configured. */
export const provider = settings.signIn === undefined ? undefined : new URL(settings.signIn.issuer).host;

/** What the sign-in is at: under way, or why it failed. */
export const signInState = signal<
  undefined | { readonly state: 'busy' } | { readonly state: 'failed'; readonly why: string }
>(undefined);

/** What has to be remembered while somebody is at the provider; for this tab alone. */
interface Pending {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** Where to go on afterwards, within this console. */
  readonly returnTo: string;
}

/** What renews a token. */
interface Renewal {
  readonly refreshToken: string | undefined;
  /** Epoch milliseconds; undefined where the provider does not say. */
  readonly expiresAt: number | undefined;
}

const PENDING = 'client-control-sign-in';
/** A token is renewed so long before it ends. */
const EARLY_MS = 15_000;

/** Leaves the page for the provider's; it comes back to {@link completeSignIn}. */
export async function beginSignIn(): Promise<void> {
  await attempt(async (oauth, { clientId, scope, audience }, server) => {
    const pending: Pending = {
      verifier: oauth.generateRandomCodeVerifier(),
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      returnTo: window.location.pathname + window.location.search,
    };
    sessionStorage.setItem(PENDING, JSON.stringify(pending));
    const target = new URL(server.authorization_endpoint ?? '');
    const parameters = {
      client_id: clientId,
      redirect_uri: redirectUri(),
      response_type: 'code',
      scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      ...(asksForIdToken(scope) && { nonce: pending.nonce }),
      ...(audience !== undefined && { audience }),
    };
    for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
    window.location.assign(target);
  });
}

/** Takes what the provider sent along, if the page was come back to from there. */
export async function completeSignIn(): Promise<void> {
  const here = new URL(window.location.href);
  const { searchParams } = here;
  if (here.pathname !== BASE || !searchParams.has('state')) return;
  const written = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  // A code is good for one time, and nobody's business.
  history.replaceState(null, '', BASE);
  if (written === null) return;
  const pending = JSON.parse(written) as Pending;
  await attempt(async (oauth, { clientId, scope }, server) => {
    const client = { client_id: clientId };
    const parameters = oauth.validateAuthResponse(server, client, searchParams, pending.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      redirectUri(),
      pending.verifier,
      insecureIfSo(oauth),
    );
    const answer = await oauth.processAuthorizationCodeResponse(
      server,
      client,
      response,
      asksForIdToken(scope) ? { expectedNonce: pending.nonce, requireIdToken: true } : {},
    );
    goTo(pending.returnTo);
    accept(answer);
    signInState.value = undefined;
  });
}

/** The token to call with: renewed when it is about to end and the provider lets it. */
export async function currentToken(): Promise<string | undefined> {
  const { refreshToken, expiresAt } = renewal();
  if (refreshToken !== undefined && expiresAt !== undefined && expiresAt - Date.now() < EARLY_MS) {
    renewing ??= renew(refreshToken).finally(() => (renewing = undefined));
    await renewing;
  }
  return token.value;
}

let renewing: Promise<void> | undefined;

async function renew(refreshToken: string): Promise<void> {
  if (settings.signIn === undefined) return;
  // Whoever signs out meanwhile stays out, and whoever signs in stays who they are.
  const isMeant = (): boolean => renewal().refreshToken === refreshToken;
  try {
    const oauth = await import('oauth4webapi');
    const server = await discover(oauth, settings.signIn);
    const client = { client_id: settings.signIn.clientId };
    const response = await oauth.refreshTokenGrantRequest(
      server,
      client,
      oauth.None(),
      refreshToken,
      insecureIfSo(oauth),
    );
    const answer = await oauth.processRefreshTokenResponse(server, client, response);
    if (isMeant()) accept(answer, refreshToken);
  } catch {
    // Then the service refuses the old one, and the page asks.
    if (isMeant()) forgetRenewal();
  }
}

function accept(answer: TokenEndpointResponse, oldRefreshToken?: string): void {
  const {
    access_token: accessToken,
    refresh_token: refreshToken = oldRefreshToken,
    expires_in: seconds,
  } = answer;
  const kept: Renewal = {
    refreshToken,
    expiresAt: seconds === undefined ? undefined : Date.now() + seconds * 1000,
  };
  signIn(accessToken, JSON.stringify(kept));
}

function renewal(): Renewal {
  const written = keptRenewal();
  return written === null
    ? { refreshToken: undefined, expiresAt: undefined }
    : (JSON.parse(written) as Renewal);
}

type OAuth = typeof import('oauth4webapi');

async function attempt(
  work: (oauth: OAuth, signInSettings: SignInSettings, server: AuthorizationServer) => Promise<void>,
): Promise<void> {
  if (settings.signIn === undefined) return;
  signInState.value = { state: 'busy' };
  try {
    const oauth = await import('oauth4webapi');
    await work(oauth, settings.signIn, await discover(oauth, settings.signIn));
  } catch (error) {
    signInState.value = { state: 'failed', why: whyOf(error) };
  }
}

async function discover(oauth: OAuth, { issuer }: SignInSettings): Promise<AuthorizationServer> {
  const url = new URL(issuer);
  const response = await oauth.discoveryRequest(url, insecureIfSo(oauth));
  return oauth.processDiscoveryResponse(url, response);
}

/** The configuration says where the provider is; an `http` one there is one on purpose. */
function insecureIfSo(oauth: OAuth): object {
  const isPlain = settings.signIn?.issuer.startsWith('http:') === true;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so that it stands out, its only purpose there
  return isPlain ? { [oauth.allowInsecureRequests]: true } : {};
}

const asksForIdToken = (scope: string): boolean => scope.split(' ').includes('openid');

const redirectUri = (): string => new URL(BASE, window.location.href).href;

/** The provider's own words, where it has some. */
function whyOf(error: unknown): string {
  const said = error as { readonly error?: unknown; readonly error_description?: unknown };
  if (typeof said.error_description === 'string') return said.error_description;
  if (typeof said.error === 'string') return `The identity provider says: ${said.error}`;
  if (error instanceof TypeError)
    return `${provider ?? 'The identity provider'} cannot be reached from this page.`;
  return error instanceof Error ? error.message : String(error);
}
