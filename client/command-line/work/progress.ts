import type { Terminal } from '../output/terminal.js';

const DRAW_MS = 200;
/** Short work needs no bar. */
const FIRST_DRAW_MS = 700;
const BAR = 24;

/** How far long work has come, on one line of the terminal that is written over and over; nothing where nobody looks. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #total: number | undefined;
  readonly #startedAt = performance.now();
  #drawnAt = this.#startedAt + FIRST_DRAW_MS - DRAW_MS;
  #isDrawn = false;

  /** @param total undefined when nobody knows */
  constructor(terminal: Terminal, total: number | undefined) {
    this.#terminal = terminal;
    this.#total = total;
  }

  update(done: number): void {
    const now = performance.now();
    if (!this.#terminal.isWatched || now - this.#drawnAt < DRAW_MS) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    this.#terminal.draw(`\r\u001b[K${progressLine(done, this.#total, now - this.#startedAt)}`);
  }

  /** Takes the line away, so that something else can be written; it comes again with the next update. */
  clear(): void {
    if (this.#isDrawn) this.#terminal.draw('\r\u001b[K');
    this.#isDrawn = false;
  }
}

/** For example `[######        ]  250/1,000  25%  50/s  15 s left`. */
export function progressLine(done: number, total: number | undefined, elapsedMs: number): string {
  const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  const rate = `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en')}/s`;
  if (total === undefined) return `${done.toLocaleString('en')}  ${rate}`;
  const part = total === 0 ? 1 : Math.min(1, done / total);
  const bar = '#'.repeat(Math.round(part * BAR)).padEnd(BAR);
  const left = perSecond > 0 ? `  ${duration((total - done) / perSecond)} left` : '';
  return `[${bar}]  ${done.toLocaleString('en')}/${total.toLocaleString('en')}  ${Math.floor(part * 100)}%  ${rate}${left}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
