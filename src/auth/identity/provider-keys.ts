import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { isJsonObject } from '../../json/json.js';

/** Where an identity provider publishes its keys, and how long they serve. */
export interface ProviderKeysOptions {
  readonly jwksUri: string;
  /** Certificate authorities to trust for it, PEM; Node's own without it. */
  readonly ca?: string | undefined;
  /** How long known keys serve while the provider cannot be reached, minutes. */
  readonly staleKeysMinutes: number;
}

/** Is told when the provider goes and when it is back. */
export interface ProviderKeysObserver {
  onDown(why: string): void;
  onUp(): void;
}

/** Keys that are older are fetched again beside a request, which does not wait: where requests come all the time, none does. */
const RENEW_MS = 8 * 60_000;
/** Keys that are older serve only while the provider is down. */
const FRESH_MS = 10 * 60_000;
/** So long the provider counts as down after a fetch that failed; while requests come, it is tried more often than that. */
const DOWN_MS = 60_000;
const FETCH_TIMEOUT_MS = 3000;
const MAX_BYTES = 1_048_576;
/** The shortest time between two fetches; after failures it doubles up to the longest. */
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

/** No keys can be had now. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';

  /** @param retryAfterMs until the provider is asked again */
  constructor(
    readonly retryAfterMs: number,
    cause: unknown,
  ) {
    super("the provider's keys cannot be fetched", { cause });
  }
}

/**
 * The published keys of one identity provider, fetched on demand.
 *
 * At most one fetch is under way, and at most one begins in a second, whoever asks: neither garbage nor an outage makes
 * many. A rotation is seen by the first token with an unknown key id, which waits for that fetch; a withdrawn key serves ten
 * minutes longer at most. While the provider is down, known keys serve `staleKeysMinutes` longer. A fetch that failed is
 * made again at the next request after its pause. All times are on the monotonic clock. Source: RFC 7517.
 */
export class ProviderKeys {
  readonly #options: ProviderKeysOptions;
  readonly #observer: ProviderKeysObserver | undefined;
  #keys: JWTVerifyGetKey | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #pauseMs = SHORTEST_PAUSE_MS;
  /** Why the latest fetch failed, and when; undefined if it did not. */
  #failure: { readonly cause: unknown; readonly at: number } | undefined;
  #fetching: Promise<void> | undefined;

  constructor(options: ProviderKeysOptions, observer?: ProviderKeysObserver) {
    this.#options = options;
    this.#observer = observer;
  }

  /**
   * The keys as they are known now. Waits for a fetch only if none are known, or if they are old and the provider is not
   * known to be down.
   *
   * @throws {KeysUnavailable} when none are known, or only such as are too old
   */
  async current(): Promise<JWTVerifyGetKey> {
    const age = this.#ageMs();
    const renewal = age >= RENEW_MS || this.#failure !== undefined ? this.#renew() : undefined;
    if (age >= FRESH_MS && (this.#isTooOld() || !this.#isDown())) await renewal;
    if (this.#keys === undefined || this.#isTooOld()) throw this.#unavailable();
    return this.#keys;
  }

  /**
   * The keys after another look at the provider, for a token whose key is not among those known: waits for the fetch
   * under way, or for the next one, which begins within a second.
   *
   * @throws {KeysUnavailable} when that fetch fails, and at once in the pause after one that failed: whether there is such a
   *   key cannot be told
   */
  async renewed(): Promise<JWTVerifyGetKey> {
    const waitMs = this.#notBefore - performance.now();
    if (waitMs > 0 && this.#failure === undefined) this.#fetching ??= this.#fetchAfter(waitMs);
    await this.#renew();
    if (this.#keys === undefined || this.#failure !== undefined) throw this.#unavailable();
    return this.#keys;
  }

  #ageMs(): number {
    return performance.now() - this.#fetchedAt;
  }

  #isTooOld(): boolean {
    return this.#ageMs() >= FRESH_MS + this.#options.staleKeysMinutes * 60_000;
  }

  #isDown(): boolean {
    return this.#failure !== undefined && performance.now() - this.#failure.at < DOWN_MS;
  }

  /** The fetch under way, or a new one unless it is too early for that. */
  #renew(): Promise<void> | undefined {
    return performance.now() >= this.#notBefore ? this.#fetch() : this.#fetching;
  }

  #fetchAfter(waitMs: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, waitMs).unref()).then(() => {
      this.#fetching = undefined;
      return this.#fetch();
    });
  }

  /** Never rejects. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#tryToFetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #tryToFetch(): Promise<void> {
    try {
      this.#keys = createLocalJWKSet(await fetchKeys(this.#options));
      this.#fetchedAt = performance.now();
      this.#pauseMs = SHORTEST_PAUSE_MS;
      this.#notBefore = this.#fetchedAt + this.#pauseMs;
      if (this.#failure !== undefined) this.#observer?.onUp();
      this.#failure = undefined;
    } catch (error) {
      const at = performance.now();
      this.#notBefore = at + this.#pauseMs;
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      if (this.#failure === undefined) this.#observer?.onDown(wordsOf(error));
      this.#failure = { cause: error, at };
    }
  }

  #unavailable(): KeysUnavailable {
    return new KeysUnavailable(
      Math.max(this.#notBefore - performance.now(), SHORTEST_PAUSE_MS),
      this.#failure?.cause,
    );
  }
}

/** Fetches a key set: an answer 200 with JSON of at most a megabyte, within three seconds, without following redirects. */
function fetchKeys({ jwksUri, ca }: ProviderKeysOptions): Promise<JSONWebKeySet> {
  const get = jwksUri.startsWith('https:') ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
    const request = get(jwksUri, {
      signal,
      ...(ca !== undefined && { ca }),
      headers: { accept: 'application/json' },
    });
    request.on('error', (error) =>
      reject(signal.aborted ? new Error(`no answer within ${FETCH_TIMEOUT_MS} ms`) : error),
    );
    request.on('response', (response) => {
      if (response.statusCode !== 200) {
        request.destroy(new Error(`it answered ${response.statusCode ?? 0}`));
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) request.destroy(new Error(`its answer is larger than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(readKeySet(Buffer.concat(chunks).toString('utf8')));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  });
}

function readKeySet(text: string): JSONWebKeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('its answer is not JSON');
  }
  if (!isJsonObject(value) || !Array.isArray(value.keys) || !value.keys.every(isJsonObject))
    throw new Error('its answer is no key set');
  return value as unknown as JSONWebKeySet;
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
