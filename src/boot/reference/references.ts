import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { ConfigStore } from '../../config/config-store.js';
import { editorJsonSchema } from '../../config/schema/json-schema.js';
import { parseConfig } from '../../config/parse-config.js';
import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import { RateLimitMetrics } from '../../rate-limit/rate-limit-metrics.js';
import { createApp } from '../create-app.js';
import { configurationReference } from './configuration-reference.js';
import { errorsReference } from './errors-reference.js';
import { fillIn } from './markdown.js';
import { metricsReference } from './metrics-reference.js';

/**
 * The files that are made from the code, by path: the reference parts of pages in `docs/`, and the JSON Schema of the
 * configuration for editors. `npm run docs` formats and writes them; a test fails when they are not current.
 */
export async function references(): Promise<ReadonlyMap<string, string>> {
  const page = (path: string, name: string, text: string): [string, string] => [
    path,
    fillIn(readFileSync(path, 'utf8'), name, text),
  ];
  return new Map([
    ['config.schema.json', JSON.stringify(editorJsonSchema())],
    page('docs/configuration.md', 'keys', configurationReference()),
    page('docs/errors.md', 'codes', errorsReference()),
    page('docs/metrics.md', 'metrics', await metricsOfTheService()),
  ]);
}

async function metricsOfTheService(): Promise<string> {
  const config = new ConfigStore(parseConfig('{}', 'nothing', '.', {}));
  const app = await createApp(config, pino({ level: 'silent' }));
  // Registers itself with its first value only, as services without Redis do not have it.
  app.get(RateLimitMetrics).setStoreUp(true);
  const metrics = app.get(MetricsRegistry);
  const text = metricsReference([...metrics.own.getMetricsAsArray(), ...metrics.families]);
  await app.close();
  return text;
}
