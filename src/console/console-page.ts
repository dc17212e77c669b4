import type { ConsoleConfig } from '../config/config.js';

/** Says which way is the service's root from where the page is, and how people sign in. The page reads it from `<meta name="client-control">`. */
export interface ConsoleSettings {
  /** The service's root, relative to the address of the page: `../`, `../../`. */
  readonly root: string;
  readonly version: string;
  /** Undefined: people paste a token. */
  readonly signIn: ConsoleConfig['signIn'];
}

/**
 * The page at an address below `/console/`. Every address has the same page, which shows what the address says; its links
 * to its own files are relative, so that a path prefix of a proxy does not matter.
 *
 * @param index `index.html` as it was built, whose links begin with `./`
 * @param rest the path behind `/console/`, as it came
 */
export function consolePage(index: string, rest: string, settings: Omit<ConsoleSettings, 'root'>): string {
  const up = '../'.repeat(rest.split('/').length - 1);
  const content = JSON.stringify({ root: `${up}../`, ...settings } satisfies ConsoleSettings);
  return index
    .replaceAll(/(\s(?:src|href)=")\.\//g, (_match, attribute: string) => `${attribute}${up || './'}`)
    .replace('</head>', () => `<meta name="client-control" content="${inAttribute(content)}"></head>`);
}

const inAttribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** What the page may do in a browser: load its own files, call this service and, for the sign-in, the identity provider. */
export function consolePolicy(signIn: ConsoleConfig['signIn']): Record<string, string[]> {
  const provider = signIn === undefined ? [] : [signIn.issuer, ...signIn.origins];
  return {
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'font-src': ["'self'"],
    'connect-src': ["'self'", ...new Set(provider.map((url) => new URL(url).origin))],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
  };
}
