import createRouter from 'find-my-way';
import { METHODS } from 'node:http';
import type { RouteOptions } from 'fastify';

type Method = Parameters<ReturnType<typeof createRouter>['find']>[0];

/** Knows which methods each path takes: what a 405 answer lists in `Allow`. Fastify itself answers a wrong method with 404. */
export class AllowedMethods {
  readonly #router = createRouter({ maxParamLength: Number.MAX_SAFE_INTEGER });
  readonly #seen = new Set<string>();

  /** Takes note of a route that is being registered. */
  note({ method, url }: RouteOptions): void {
    // The route of CORS preflights, which makes no path exist.
    if (url === '*') return;
    for (const each of [method].flat()) {
      const key = `${each} ${url}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      this.#router.on(each as Method, url, () => undefined);
    }
  }

  /** The methods that a path takes, sorted; empty if the path does not exist. */
  find(path: string): string[] {
    return METHODS.filter((method) => this.#router.find(method as Method, path) !== null).sort();
  }
}
