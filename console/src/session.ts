import { computed, signal } from '@preact/signals';

/** Who is signed in, and with what. Kept for this tab alone (`sessionStorage`). */
const KEY = 'client-control-token';
/** What renews the token, where it can be: never that of somebody who was signed in before. */
const RENEWAL = 'client-control-renewal';

/** Takes the token out of `#token=…`, and out of the address before anything else can read it. */
function tokenOfAddress(): string | undefined {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (token === null || token === '') return undefined;
  history.replaceState(history.state, '', window.location.pathname + window.location.search);
  return token;
}

const given = tokenOfAddress();
if (given !== undefined) keep(given);

/** The bearer token; undefined: nobody is signed in. */
export const token = signal<string | undefined>(sessionStorage.getItem(KEY) ?? undefined);

/** Why the token was refused while somebody was at work: the page stays as it is, and asks for another one. */
export const refusal = signal<string | undefined>(undefined);

export const isSignedIn = computed(() => token.value !== undefined);

/** @param renewal what renews it; a token that comes without is not renewed */
export function signIn(value: string, renewal?: string): void {
  keep(value, renewal);
  refusal.value = undefined;
  token.value = value;
}

function keep(value: string, renewal?: string): void {
  sessionStorage.setItem(KEY, value);
  if (renewal === undefined) forgetRenewal();
  else sessionStorage.setItem(RENEWAL, renewal);
}

/** What renews the token; null: nothing does. */
export function keptRenewal(): string | null {
  return sessionStorage.getItem(RENEWAL);
}

/** The token is not renewed any more. */
export function forgetRenewal(): void {
  sessionStorage.removeItem(RENEWAL);
}

const leaving: (() => void)[] = [];

/** Calls back when somebody signs out. */
export function onSignOut(callback: () => void): void {
  leaving.push(callback);
}

export function signOut(): void {
  for (const callback of leaving) callback();
  sessionStorage.removeItem(KEY);
  forgetRenewal();
  refusal.value = undefined;
  token.value = undefined;
}

// A link with a token that is opened in a tab which shows the console already does not load the page anew.
window.addEventListener('hashchange', () => {
  const other = tokenOfAddress();
  if (other === undefined) return;
  if (token.value !== undefined && token.value !== other) signOut();
  signIn(other);
});
