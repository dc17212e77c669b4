import { Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../../errors/app-error.js';
import { isJsonObject } from '../../json/json.js';
import { RedisCounter } from '../../rate-limit/redis-counter.js';
import { KEEP_MS, type KeptCall, type KeyStore } from './key-store.js';
import { OwedReleases } from './owed-releases.js';

const PREFIX = 'client-control:{idempotency}:';

/** One round trip, and atomic: the key of another call stays. */
const RELEASE_SCRIPT = `
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end`;

/**
 * Keeps calls in the Redis that replicas share. Needs `get`, `set`, `del` and `eval` on `client-control:{idempotency}:*`.
 *
 * A command that Redis does not answer in time may be carried out nonetheless: a key that was asked for in vain is freed
 * as soon as Redis answers again, so that the retry that the caller is told to make is carried out.
 */
@Injectable()
export class RedisKeys implements KeyStore {
  readonly #redis: RedisCounter;
  readonly #logger = new Logger(RedisKeys.name);
  readonly #owed = new OwedReleases((name, value) => this.#release(name, value), KEEP_MS);

  constructor(redis: RedisCounter) {
    this.#redis = redis;
  }

  get isConfigured(): boolean {
    return this.#redis.client !== undefined;
  }

  /** @throws {AppError} `IDEMPOTENCY_STORE_UNAVAILABLE` */
  async begin(key: string, call: KeptCall): Promise<KeptCall | undefined> {
    const name = `${PREFIX}${key}`;
    const value = JSON.stringify(call);
    try {
      const client = this.#client();
      if ((await client.set(name, value, 'PX', KEEP_MS, 'NX')) === 'OK') return undefined;
      return readKept(await client.get(name));
    } catch (error) {
      this.#owed.add(name, value);
      this.#logger.warn(
        `a call with an Idempotency-Key was refused: Redis does not answer (${String(error)})`,
      );
      throw new AppError(
        'IDEMPOTENCY_STORE_UNAVAILABLE',
        'Idempotency keys cannot be kept at the moment; nothing was done',
        undefined,
        { 'Retry-After': '1' },
      );
    }
  }

  /** What cannot be kept leaves the key in use: a retry is refused, not carried out. */
  async finish(key: string, call: KeptCall): Promise<void> {
    try {
      await this.#redis.client?.set(`${PREFIX}${key}`, JSON.stringify(call), 'PX', KEEP_MS);
    } catch (error) {
      this.#logger.error(`the answer of a call with an Idempotency-Key could not be kept (${String(error)})`);
    }
  }

  /** What Redis does not free in time it frees later. */
  async forget(key: string, call: KeptCall): Promise<void> {
    const name = `${PREFIX}${key}`;
    const value = JSON.stringify(call);
    try {
      await this.#release(name, value);
    } catch (error) {
      this.#owed.add(name, value);
      this.#logger.warn(`an Idempotency-Key will be freed when Redis answers (${String(error)})`);
    }
  }

  async #release(name: string, value: string): Promise<void> {
    await this.#client().eval(RELEASE_SCRIPT, 1, name, value);
  }

  #client(): Redis {
    const { client } = this.#redis;
    if (client === undefined) throw new Error('not configured');
    return client;
  }
}

/** Whatever is there and cannot be read counts as a call that has not ended. */
function readKept(text: string | null): KeptCall {
  const value: unknown = JSON.parse(text ?? 'null');
  if (!isJsonObject(value) || typeof value.body !== 'string') throw new Error('unreadable');
  const { body, callId } = value;
  return {
    body,
    // An older release keeps none.
    callId: typeof callId === 'string' ? callId : '',
    result: typeof value.result === 'string' ? value.result : undefined,
  };
}
