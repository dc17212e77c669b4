import { createHash, timingSafeEqual } from 'node:crypto';

/** The credentials of the control connection. Only digests of the password are kept and compared, in constant time. */
export class ControlLogin {
  readonly #username: string;
  readonly #passwordDigest: Buffer;

  /** @throws {RangeError} when one of them is empty: everybody could log in */
  constructor(username: string, password: string) {
    if (username === '' || password === '') throw new RangeError('the control login must not be empty');
    this.#username = username;
    this.#passwordDigest = digest(password);
  }

  /** `none`: not the control user name, an ordinary device. */
  check(username: string | undefined, password: Uint8Array | undefined): 'accepted' | 'refused' | 'none' {
    if (username !== this.#username) return 'none';
    return timingSafeEqual(digest(password ?? ''), this.#passwordDigest) ? 'accepted' : 'refused';
  }
}

function digest(text: string | Uint8Array): Buffer {
  return createHash('sha256').update(text).digest();
}
