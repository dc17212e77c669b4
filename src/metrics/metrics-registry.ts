import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import type { MetricFamily, MetricSource } from './metric-family.js';
import { processMetrics } from './process-metrics.js';

/** The metrics of one application. */
@Injectable()
export class MetricsRegistry {
  /** Where the metrics of this application register themselves. */
  readonly own = new Registry();
  readonly #sources: MetricSource[] = [];
  #writing: Promise<readonly Buffer[]> | undefined;

  /** Adds metrics that are not prom-client's. */
  add(source: MetricSource): void {
    this.#sources.push(source);
  }

  /** What {@link add} added, for the reference. */
  get families(): readonly MetricFamily[] {
    return this.#sources.flatMap(({ families }) => families);
  }

  /**
   * All metrics, those of the process included, in the Prometheus text format, as chunks to send. Whoever asks while they
   * are being written gets the same: many at once cost little more than one.
   */
  toChunks(): Promise<readonly Buffer[]> {
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #write(): Promise<readonly Buffer[]> {
    const chunks: Buffer[] = [];
    for (const registry of [this.own, processMetrics()]) {
      chunks.push(Buffer.from(`${await registry.metrics()}\n`));
      // Each takes some milliseconds where there are many brokers; others have their turn in between.
      await nextTurn();
    }
    for (const source of this.#sources)
      for await (const piece of source.pieces()) chunks.push(Buffer.from(piece, 'latin1'));
    return chunks;
  }
}
