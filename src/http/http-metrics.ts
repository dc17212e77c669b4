import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Histogram } from 'prom-client';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';

/** The one label value of all paths that match no route. */
const UNMATCHED = 'unmatched';
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The series of one route and method. */
interface RouteSeries {
  readonly duration: Histogram.Internal<string>;
  readonly requests: Map<number, Counter.Internal>;
}

/** Counts HTTP requests by route template, method and status, and measures how long they take. */
@Injectable()
export class HttpMetrics {
  readonly #requests: Counter<'route' | 'method' | 'status'>;
  readonly #duration: Histogram<'route' | 'method'>;
  /** By route, then by method: label sets are resolved once, not at every request. */
  readonly #series = new Map<string, Map<string, RouteSeries>>();

  constructor({ own }: MetricsRegistry) {
    this.#requests = new Counter({
      name: `${PREFIX}http_requests_total`,
      help: 'HTTP requests by route template, method and status.',
      labelNames: ['route', 'method', 'status'],
      registers: [own],
    });
    this.#duration = new Histogram({
      name: `${PREFIX}http_request_duration_seconds`,
      help: 'Time from the arrival of an HTTP request to its answer.',
      labelNames: ['route', 'method'],
      buckets: DURATION_BUCKETS_SECONDS,
      registers: [own],
    });
  }

  /** Counts a request whose answer is ready to be sent. */
  observe(request: FastifyRequest, { statusCode }: FastifyReply): void {
    const route = request.is404 ? UNMATCHED : (request.routeOptions.url ?? UNMATCHED);
    const series = this.#seriesOf(route, request.method);
    series.duration.observe((performance.now() - request.record.startedAt) / 1000);
    let requests = series.requests.get(statusCode);
    if (requests === undefined) {
      requests = this.#requests.labels(route, request.method, String(statusCode));
      series.requests.set(statusCode, requests);
    }
    requests.inc();
  }

  #seriesOf(route: string, method: string): RouteSeries {
    let methods = this.#series.get(route);
    if (methods === undefined) this.#series.set(route, (methods = new Map<string, RouteSeries>()));
    let series = methods.get(method);
    if (series === undefined) {
      series = { duration: this.#duration.labels(route, method), requests: new Map() };
      methods.set(method, series);
    }
    return series;
  }
}
