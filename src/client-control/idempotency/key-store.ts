/** How long a call is kept, milliseconds. */
export const KEEP_MS = 24 * 60 * 60_000;

/** What is kept of a call. */
export interface KeptCall {
  /** Hash of its body. */
  readonly body: string;
  /** Tells it from every other call, one with the same key and body included. */
  readonly callId: string;
  /** Its answer; undefined while it is carried out. */
  readonly result?: string | undefined;
}

/** Where calls are kept for 24 hours, by key. */
export interface KeyStore {
  /**
   * Keeps a call that begins, unless there is one of this key.
   *
   * @returns the one that there is; undefined when there was none
   * @throws when that cannot be told: then the key is not in use because of this call, or will not be for long
   */
  begin(key: string, call: KeptCall): Promise<KeptCall | undefined>;
  /** Keeps the answer of a call. */
  finish(key: string, call: KeptCall): Promise<void>;
  /** Forgets a call that did nothing, as it began. */
  forget(key: string, call: KeptCall): Promise<void>;
}
