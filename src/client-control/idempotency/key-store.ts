/** How long a call is kept, milliseconds. */
export const KEEP_MS = 24 * 60 * 60_000;

/** What is kept of a call. */
export interface KeptCall {
  /** Hash of its body. */
  readonly body: string;
  /** Its answer; undefined while it is carried out. */
  readonly result?: string | undefined;
}

/** Where calls are kept for 24 hours, by key. */
export interface KeyStore {
  /**
   * Keeps a call that begins, unless there is one of this key.
   *
   * @returns the one that there is; undefined when there was none
   */
  begin(key: string, body: string): Promise<KeptCall | undefined>;
  /** Keeps the answer of a call. */
  finish(key: string, call: KeptCall): Promise<void>;
  /** Forgets a call that did nothing. */
  forget(key: string): Promise<void>;
}
