// Writes what in docs/ is made from the code, and config.schema.json. Run as `npm run docs`, which builds first.
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { references } from '../dist/boot/reference/references.js';

for (const [path, text] of await references()) {
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
  console.log(path);
}
