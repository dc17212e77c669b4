import { z } from 'zod';
import type { ConfigFiles } from '../config-files.js';
import { auditSchema } from './audit.schema.js';
import { authSchema } from './auth.schema.js';
import { consoleSchema } from './console.schema.js';
import { httpSchema } from './http.schema.js';
import { defaultsSchema, projectsSchema } from './projects.schema.js';
import { rateLimitSchema } from './rate-limit.schema.js';

/**
 * The configuration file: every key, its type, bounds, default and description. All else comes from here: the types
 * (`config.ts`), `docs/configuration.md`, `config.schema.json` for editors (`npm run docs` writes both), and the test that
 * `config.example.yaml` shows every key. `restart: true` marks what a running service does not take over.
 *
 * @param files reads the files that it names: what comes out holds their contents instead
 */
export function configSchema(files: ConfigFiles) {
  return (
    z
      .strictObject({
        http: httpSchema(files).prefault({}).meta({ description: 'The API that the service serves.' }),
        auth: authSchema(files).prefault({}).meta({ description: 'Who may do what.' }),
        rateLimit: rateLimitSchema(files).prefault({}).meta({ description: 'How much a caller may ask.' }),
        audit: auditSchema(files).prefault({}).meta({ description: 'Who did what to which client.' }),
        console: consoleSchema.prefault({}).meta({ description: "The operator's web page." }),
        defaults: defaultsSchema(files)
          .prefault({})
          .meta({ description: 'What many brokers have in common.' }),
        projects: projectsSchema(files).prefault([]).meta({ description: 'What the service controls.' }),
      })
      // The brokers have them already.
      .transform(({ defaults, ...config }) => config)
  );
}
