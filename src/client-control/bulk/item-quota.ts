import type { Caller } from '../../access/caller.js';
import type { ItemLimiter } from '../../rate-limit/item-limiter.js';
import { refused, type Ending } from './bulk-item.js';

/** How many of a call's items may still be sent this minute. */
export class ItemQuota {
  readonly #limiter: ItemLimiter;
  readonly #caller: Caller;
  #refusal: Ending | undefined;

  constructor(limiter: ItemLimiter, caller: Caller) {
    this.#limiter = limiter;
    this.#caller = caller;
  }

  /** @returns how many of so many items are within the limit; a promise only if Redis counts */
  take(items: number): number | Promise<number> {
    return this.#limiter.take(this.#caller, items);
  }

  /** How the others end. */
  get refusal(): Ending {
    return (this.#refusal ??= refused(this.#limiter.tooMany(), 'not-sent'));
  }
}
