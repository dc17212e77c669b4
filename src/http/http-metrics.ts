import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Buckets, DURATION_BUCKETS_SECONDS } from '../metrics/buckets.js';
import { familyHead, histogramText, type MetricFamily, type MetricSource } from '../metrics/metric-family.js';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';

/** The one label value of all paths that match no route. */
const UNMATCHED = 'unmatched';

const REQUESTS: MetricFamily = {
  name: `${PREFIX}http_requests_total`,
  help: 'HTTP requests by route template, method and status.',
  type: 'counter',
  labelNames: ['route', 'method', 'status'],
};
const DURATION: MetricFamily = {
  name: `${PREFIX}http_request_duration_seconds`,
  help: 'Time from the arrival of an HTTP request to its answer.',
  type: 'histogram',
  labelNames: ['route', 'method'],
};

/** The series of one route and method. */
interface RouteSeries {
  /** As they stand between the braces. */
  readonly labels: string;
  readonly duration: Buckets;
  /** By status. */
  readonly requests: Map<number, number>;
}

/**
 * Counts HTTP requests by route template, method and status, and measures how long they take.
 *
 * In numbers of its own, like the metrics of the brokers: prom-client makes half a kilobyte of garbage for each request.
 */
@Injectable()
export class HttpMetrics implements MetricSource {
  readonly families: readonly MetricFamily[] = [REQUESTS, DURATION];
  /** By route, then by method. */
  readonly #series = new Map<string, Map<string, RouteSeries>>();

  constructor(registry: MetricsRegistry) {
    registry.add(this);
  }

  /** Counts a request whose answer is ready to be sent. */
  observe(request: FastifyRequest, { statusCode }: FastifyReply): void {
    const route = request.is404 ? UNMATCHED : (request.routeOptions.url ?? UNMATCHED);
    const { duration, requests } = this.#seriesOf(route, request.method);
    duration.observe((performance.now() - request.record.startedAt) / 1000);
    requests.set(statusCode, (requests.get(statusCode) ?? 0) + 1);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- all of it is one short piece; other sources write in slices
  async *pieces(): AsyncGenerator<string, void> {
    let requests = familyHead(REQUESTS);
    let duration = familyHead(DURATION);
    for (const methods of this.#series.values()) {
      for (const series of methods.values()) {
        duration += histogramText(DURATION.name, series.labels, series.duration);
        for (const [status, count] of series.requests)
          requests += `${REQUESTS.name}{${series.labels},status="${status}"} ${count}\n`;
      }
    }
    yield requests;
    yield duration;
  }

  #seriesOf(route: string, method: string): RouteSeries {
    let methods = this.#series.get(route);
    if (methods === undefined) this.#series.set(route, (methods = new Map<string, RouteSeries>()));
    let series = methods.get(method);
    if (series === undefined) {
      // Route templates and methods hold nothing that would need an escape.
      const labels = `route="${route}",method="${method}"`;
      series = { labels, duration: new Buckets(DURATION_BUCKETS_SECONDS), requests: new Map() };
      methods.set(method, series);
    }
    return series;
  }
}
