import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS = [1280, 360];

/** Resolves when what was changed has been drawn. */
const DRAWN = 'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))';

/** Chromium reports each answer of 4xx and 5xx on its console, wanted or not; the page's own words about them are looked at. */
const ANSWER = 'Failed to load resource: ';

export interface PageOptions {
  /** Signed in with this bearer token. */
  readonly token?: string;
  readonly colorScheme?: 'light' | 'dark';
  /** Where the service is reached, if not directly. */
  readonly at?: string;
  /** Origins that the page may talk to, beside that of the service. */
  readonly friends?: readonly string[];
  readonly width?: number;
  readonly height?: number;
}

/**
 * The console in a tab of a browser. What the page has to complain about is kept: errors and warnings on its console, to
 * which violations of its Content Security Policy belong, errors that nobody caught, and requests to strangers.
 */
export class ConsolePage {
  readonly #complaints: string[] = [];

  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    readonly url: string,
    friends: readonly string[] = [],
  ) {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !message.text().startsWith(ANSWER))
        this.#complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.#complaints.push(error.stack ?? error.message));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith('http') && ![new URL(url).origin, ...friends].includes(origin))
        this.#complaints.push(`asked a stranger: ${request.url()}`);
    });
  }

  /** Goes to an address below `/console/`. */
  async goto(path: string): Promise<void> {
    await this.page.goto(`${this.url}/console/${path}`);
  }

  /** What the page had to complain about since it was asked last. A test ends by expecting that there is nothing. */
  takeComplaints(): string[] {
    return this.#complaints.splice(0);
  }

  /**
   * What axe-core finds wrong with what is on the page now: the rule and where, each in a line.
   *
   * @param within a selector of the part to look at; all of the page without
   */
  async accessibilityProblems(within?: string): Promise<string[]> {
    return this.#problems(within, { runOnly: { type: 'tag', values: RULES } });
  }

  /**
   * The same wide and narrow, light and dark, with whatever is wider than the window. Leaves the window narrow and dark.
   *
   * @param within a selector of the part to look at; all of the page without
   */
  async problemsInEveryLook(within?: string): Promise<string[]> {
    const found: string[] = [];
    for (const width of WIDTHS) {
      await this.page.setViewportSize({ width, height: 800 });
      await this.page.emulateMedia({ colorScheme: 'light' });
      await this.page.evaluate(DRAWN);
      if (await this.scrollsSideways()) found.push(`${width}: scrolls sideways`);
      const light = await this.accessibilityProblems(within);
      // Of all rules, one is about colours.
      await this.page.emulateMedia({ colorScheme: 'dark' });
      const dark = await this.#problems(within, { runOnly: { type: 'rule', values: ['color-contrast'] } });
      found.push(
        ...light.map((line) => `${width} light: ${line}`),
        ...dark.map((line) => `${width} dark: ${line}`),
      );
    }
    return found;
  }

  async #problems(within: string | undefined, options: RunOptions): Promise<string[]> {
    // Not as a script of the page, which its policy would not let in.
    if (!(await this.page.evaluate<boolean>('"axe" in globalThis'))) await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate<AxeResults>(
      `axe.run(${within === undefined ? 'document' : `document.querySelector(${JSON.stringify(within)})`}, ${JSON.stringify(
        { ...options, resultTypes: ['violations'] },
      )})`,
    );
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary ?? ''}`),
    );
  }

  /** Whether something is wider than the window. */
  async scrollsSideways(): Promise<boolean> {
    return this.page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
