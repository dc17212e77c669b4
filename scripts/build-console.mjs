// Builds the operator's web page into console/dist. Run as `npm run build:console`; with --if-stale, as before `npm start`,
// only where it is missing or older than what it is made from.
import { readdirSync, statSync } from 'node:fs';

const BUILT = 'console/dist/index.html';
const SOURCES = ['console', 'client/src', 'package-lock.json'];

const isBuilt = (path) => /^console\/(dist|node_modules)\//.test(path);

function newest(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  const times = readdirSync(path, { recursive: true })
    .map((name) => `${path}/${name}`)
    .filter((file) => !isBuilt(file))
    .map((file) => statSync(file))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.mtimeMs);
  return Math.max(0, ...times);
}

function isCurrent() {
  const built = statSync(BUILT, { throwIfNoEntry: false });
  return built !== undefined && SOURCES.every((path) => newest(path) <= built.mtimeMs);
}

if (!process.argv.includes('--if-stale') || !isCurrent()) {
  console.error('building the console…');
  const { build } = await import('vite');
  await build({ root: 'console', logLevel: 'warn' });
}
