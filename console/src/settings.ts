/** How people sign in with the identity provider, as `console.signIn` of the configuration says. */
export interface SignInSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly audience?: string;
}

interface Settings {
  /** The way from the page that was loaded to the service's root: `../`, `../../`. */
  readonly root: string;
  readonly version?: string;
  /** Undefined: people paste a token. */
  readonly signIn?: SignInSettings;
}

/** Unit tests run without one. */
const IN_BROWSER = 'document' in globalThis;

/** What the service writes into the page when it serves it; without it (Vite's server) the page is at `/console/`. */
function readSettings(): Settings {
  const meta = IN_BROWSER ? document.querySelector<HTMLMetaElement>('meta[name="client-control"]') : null;
  return meta === null ? { root: '/' } : (JSON.parse(meta.content) as Settings);
}

export const settings = readSettings();

/** The path of the service: `/`, or what a proxy puts before it (`/cc/`). Fixed when the page is loaded. */
export const ROOT = IN_BROWSER ? new URL(settings.root, window.location.href).pathname : '/';

/** The path of the console itself. */
export const BASE = `${ROOT}console/`;
