import { once } from 'node:events';
import { Writable } from 'node:stream';
import { createInterface } from 'node:readline/promises';
import { safeText } from './safe-text.js';

/**
 * The three streams that the command line was given: answers on standard output, words and questions on standard error.
 * When whoever read standard output has gone (`| head`), {@link gone} is aborted, and nothing more is written.
 */
export class Terminal {
  readonly #gone = new AbortController();
  #hasLost = false;

  constructor() {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') {
        this.#hasLost = true;
        this.say(`standard output: ${error.message}`);
      }
      this.#gone.abort();
    });
    // Nobody is left to be told.
    process.stderr.on('error', () => undefined);
  }

  /** Aborted when standard output takes no more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether something could not be written that somebody wanted to have: the disk is full, for example. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  /** Whether somebody sits there and can be asked. */
  get isInteractive(): boolean {
    return process.stdin.isTTY && process.stderr.isTTY;
  }

  /** Whether words on standard error are seen as they are written. */
  get isWatched(): boolean {
    return process.stderr.isTTY;
  }

  /** Writes to standard output, no faster than it is read. */
  readonly write = async (text: string): Promise<void> => {
    if (this.#gone.signal.aborted) return;
    if (process.stdout.write(text)) return;
    await once(process.stdout, 'drain', { signal: this.#gone.signal }).catch(() => undefined);
  };

  /** A line of words for people. What others chose in it is made harmless. */
  say(line: string): void {
    process.stderr.write(`${safeText(line)}\n`);
  }

  /** Writes to standard error as it is: for a line that is written over and over. */
  draw(text: string): void {
    process.stderr.write(text);
  }

  /** Asks a question that is answered with yes or no; anything but yes is no. */
  async ask(question: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#read(`${safeText(question)} [y/N] `, signal);
    return /^y(es)?$/i.test(answer.trim());
  }

  /** Asks for a text that is not shown while it is typed. */
  async askSecret(question: string, signal: AbortSignal): Promise<string> {
    this.draw(question);
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const text = await this.#read('', signal, nowhere);
    this.draw('\n');
    return text.trim();
  }

  /** One line of standard input; an empty one where it ends before. */
  async #read(prompt: string, signal: AbortSignal, echo?: Writable): Promise<string> {
    const lines = createInterface({ input: process.stdin, output: echo, terminal: echo !== undefined });
    const ended = once(lines, 'close').then(() => '');
    try {
      this.draw(prompt);
      return await Promise.race([lines.question('', { signal }), ended]);
    } finally {
      lines.close();
    }
  }
}
