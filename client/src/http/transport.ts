import { errorOfFetch, readErrorAnswer } from '../errors/read-error.js';

/** Where the service is, and who calls. */
export interface ClientOptions {
  /** Base URL of the service, path prefix included; in a browser `''` stands for where the page came from. */
  readonly url: string;
  /** Bearer token, or what gives one; asked before every request, so that one that expires can be replaced. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>);
  /** Default: the platform's own. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A project, or one broker of it. */
export interface Target {
  readonly projectId: string;
  readonly brokerId?: string | undefined;
}

/** What `fetch` takes, with headers that can be added to. */
export interface RequestOptions extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>;
  /** For bodies that are streams. */
  readonly duplex?: 'half';
}

/** Requests whose answers are streams, which the generated operations cannot make. */
export class Transport {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #options: ClientOptions;

  /** @throws {TypeError} when `url` is no address of a service */
  constructor(options: ClientOptions) {
    this.url = baseUrl(options.url);
    this.#options = options;
  }

  /** The token to send now. */
  async token(): Promise<string | undefined> {
    const { token } = this.#options;
    return typeof token === 'function' ? token() : token;
  }

  /** The platform's `fetch`, or the one that was given. */
  readonly fetch: typeof globalThis.fetch = (input, init) =>
    (this.#options.fetch ?? globalThis.fetch)(input, init);

  /**
   * Sends a request and resolves with its answer, the body unread. Whoever reads it looks after `signal` from then on.
   *
   * @param path below `/api`
   * @throws {ApiError} when the service refuses
   */
  async open(path: string, init: RequestOptions): Promise<Response> {
    const token = await this.token();
    const headers = { ...init.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
    let response: Response;
    try {
      response = await this.fetch(`${this.url}/api/${path}`, { redirect: 'error', ...init, headers });
    } catch (error) {
      throw errorOfFetch(error);
    }
    if (!response.ok) throw await readErrorAnswer(response);
    return response;
  }
}

/** The path of a project or a broker, below `/api`. */
export function targetPath({ projectId, brokerId }: Target): string {
  const project = `projects/${encodeURIComponent(projectId)}`;
  return brokerId === undefined ? project : `${project}/brokers/${encodeURIComponent(brokerId)}`;
}

/** A query string; undefined values are left out. */
export function queryString(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const entries = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as [string, string]],
  );
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`;
}

function baseUrl(url: string): string {
  const trimmed = url.replace(/\/+$/, '');
  if (trimmed === '' || trimmed.startsWith('/')) return trimmed;
  const parsed = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw new TypeError(`"${url}" is no address of a service: it begins with http:// or https://`);
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '')
    throw new TypeError('The address of the service has no login, query or fragment in it');
  return trimmed;
}
