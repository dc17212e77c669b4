import { z } from 'zod';
import type { ConfigFiles } from '../config-files.js';
import { integer } from './fields.js';
import { oneOfEach, storeFields, storeUrl, withPassword } from './stores.js';

const SCHEMES = ['redis', 'rediss'];

/** `rateLimit` of the configuration. */
export function rateLimitSchema(files: ConfigFiles) {
  const redis = z
    .strictObject(storeFields(files, SCHEMES))
    .superRefine(oneOfEach)
    .refine(({ url, tls }) => tls === undefined || url.startsWith('rediss:'), {
      path: ['tls'],
      message: 'has no effect with this url; use rediss',
    })
    .transform(withPassword);
  return z
    .strictObject({
      requestsPerMinute: integer(0, 1_000_000_000)
        .prefault(6000)
        .meta({ description: 'Requests per minute and credential; 0 turns the limit off.' }),
      unauthenticatedPerMinute: integer(0, 1_000_000_000).prefault(600).meta({
        description: 'Requests per minute and address without an accepted credential; 0 turns the limit off.',
      }),
      bulkItemsPerMinute: integer(0, 1_000_000_000).prefault(10_000_000).meta({
        description:
          'Items of calls for many clients (`bulk`) per minute and credential; 0 turns the limit off. Such a call counts once as a request.',
      }),
      redis: redis.optional().meta({
        restart: true,
        description: 'Redis or Valkey, so that replicas count together; without it each counts in memory.',
      }),
      redisUrl: storeUrl(SCHEMES)
        .optional()
        .meta({ restart: true, description: 'The same in short: the `url` of `redis` and nothing else.' }),
    })
    .refine(({ redis, redisUrl }) => redis === undefined || redisUrl === undefined, {
      path: ['redisUrl'],
      message: 'cannot be combined with redis',
    });
}
