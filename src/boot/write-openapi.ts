import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { ConfigStore } from '../config/config-store.js';
import { parseConfig } from '../config/parse-config.js';
import { createApp } from './create-app.js';
import { createDocument } from '../openapi/create-document.js';

// Run as `npm run openapi`: writes the OpenAPI document to the file named on the command line.
const file = process.argv[2] ?? 'openapi.json';
const app = await createApp(
  new ConfigStore(parseConfig('{}', 'nothing', '.', {})),
  pino({ level: 'silent' }),
);
writeFileSync(file, `${JSON.stringify(createDocument(app), null, 2)}\n`);
await app.close();
