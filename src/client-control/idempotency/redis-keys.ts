import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { isJsonObject } from '../../json/json.js';
import { RedisCounter } from '../../rate-limit/redis-counter.js';
import { KEEP_MS, type KeptCall, type KeyStore } from './key-store.js';

const PREFIX = 'client-control:{idempotency}:';

/** Keeps calls in the Redis that replicas share. Needs `get`, `set` and `del` on `client-control:{idempotency}:*`. */
@Injectable()
export class RedisKeys implements KeyStore {
  readonly #redis: RedisCounter;
  readonly #logger = new Logger(RedisKeys.name);

  constructor(redis: RedisCounter) {
    this.#redis = redis;
  }

  get isConfigured(): boolean {
    return this.#redis.client !== undefined;
  }

  /** @throws {AppError} `IDEMPOTENCY_STORE_UNAVAILABLE` */
  async begin(key: string, body: string): Promise<KeptCall | undefined> {
    try {
      const { client } = this.#redis;
      if (client === undefined) throw new Error('not configured');
      const name = `${PREFIX}${key}`;
      const value = JSON.stringify({ body });
      if ((await client.set(name, value, 'PX', KEEP_MS, 'NX')) === 'OK') return undefined;
      return readKept(await client.get(name));
    } catch (error) {
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

  async forget(key: string): Promise<void> {
    try {
      await this.#redis.client?.del(`${PREFIX}${key}`);
    } catch (error) {
      this.#logger.warn(`an Idempotency-Key could not be freed (${String(error)})`);
    }
  }
}

/** Whatever is there and cannot be read counts as a call that has not ended. */
function readKept(text: string | null): KeptCall {
  const value: unknown = JSON.parse(text ?? 'null');
  if (!isJsonObject(value) || typeof value.body !== 'string') throw new Error('unreadable');
  return { body: value.body, result: typeof value.result === 'string' ? value.result : undefined };
}
