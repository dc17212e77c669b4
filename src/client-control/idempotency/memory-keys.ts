import { Injectable } from '@nestjs/common';
import { KEEP_MS, type KeptCall, type KeyStore } from './key-store.js';

/** Characters of the answers that are kept; the oldest calls that have ended make room. */
const MAX_CHARACTERS = 32_000_000;

/** Calls that are kept. */
const MAX_CALLS = 50_000;

interface Entry extends KeptCall {
  readonly endsAt: number;
}

/** Keeps calls in this process's memory, which is bounded; what a restart forgets may be carried out again. */
@Injectable()
export class MemoryKeys implements KeyStore {
  /** In the order in which they end. */
  readonly #calls = new Map<string, Entry>();
  readonly #now: () => number = () => performance.now();
  #characters = 0;

  begin(key: string, call: KeptCall): Promise<KeptCall | undefined> {
    this.#makeRoom();
    const kept = this.#calls.get(key);
    if (kept === undefined) this.#calls.set(key, { ...call, endsAt: this.#now() + KEEP_MS });
    return Promise.resolve(kept);
  }

  finish(key: string, call: KeptCall): Promise<void> {
    const endsAt = this.#calls.get(key)?.endsAt ?? this.#now() + KEEP_MS;
    this.#calls.set(key, { ...call, endsAt });
    this.#characters += call.result?.length ?? 0;
    this.#makeRoom();
    return Promise.resolve();
  }

  forget(key: string): Promise<void> {
    this.#calls.delete(key);
    return Promise.resolve();
  }

  #makeRoom(): void {
    const now = this.#now();
    for (const [key, { endsAt, result }] of this.#calls) {
      const isRoomy = this.#characters <= MAX_CHARACTERS && this.#calls.size <= MAX_CALLS;
      if (endsAt > now && isRoomy) return;
      // One that has not ended does not make room for others.
      if (result === undefined && endsAt > now) continue;
      this.#characters -= result?.length ?? 0;
      this.#calls.delete(key);
    }
  }
}
