/** One message of a stream of server-sent events. */
export interface SseMessage {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** Longest message that is taken, characters. */
const MAX_MESSAGE = 1_048_576;

/**
 * Reads a stream of server-sent events, in whatever pieces it comes.
 *
 * Source: HTML Living Standard, section 9.2.6.
 */
export class SseParser {
  /** What the server asks to wait before coming back. */
  retryMs: number | undefined;
  #rest = '';
  #id: string | undefined;
  #event = '';
  #data: string[] = [];
  #length = 0;
  #isFirst = true;

  /** @throws {RangeError} for a message without end */
  push(text: string): SseMessage[] {
    const messages: SseMessage[] = [];
    let whole = this.#rest + text;
    if (this.#isFirst && whole !== '') {
      this.#isFirst = false;
      if (whole.startsWith('\uFEFF')) whole = whole.slice(1);
    }
    // A carriage return at the end may be half of a line's end.
    const isHalf = whole.endsWith('\r');
    const lines = (isHalf ? whole.slice(0, -1) : whole).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + (isHalf ? '\r' : '');
    for (const line of lines) {
      const message = this.#line(line);
      if (message !== undefined) messages.push(message);
    }
    if (this.#rest.length + this.#length > MAX_MESSAGE) throw new RangeError('The message is too long');
    return messages;
  }

  #line(line: string): SseMessage | undefined {
    if (line === '') return this.#dispatch();
    if (line.startsWith(':')) return undefined;
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      this.#data.push(value);
      this.#length += value.length;
      if (this.#length > MAX_MESSAGE) throw new RangeError('The message is too long');
    } else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch(): SseMessage | undefined {
    const message = { id: this.#id, event: this.#event, data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    this.#length = 0;
    return isEmpty ? undefined : message;
  }
}
