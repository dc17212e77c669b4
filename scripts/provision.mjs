// Installs, through apt, what the tests need beyond npm, and says so. Where it cannot, it stops with what to do.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian package, and a file that shows that it is there. */
const NEEDED = [
  ['mosquitto', '/usr/sbin/mosquitto'],
  ['chromium', '/usr/bin/chromium'],
];

export function provision() {
  const missing = NEEDED.filter(([, file]) => !existsSync(file)).map(([name]) => name);
  if (missing.length === 0) return;
  console.log(
    `The tests need Debian packages that are missing here: ${missing.join(', ')}. Installing them with apt-get.`,
  );
  // RUNLEVEL=1 keeps the packages' services from being started.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  const installed = apt('update') && apt('install', '-y', '--no-install-recommends', ...missing);
  const left = NEEDED.filter(([, file]) => !existsSync(file)).map(([name]) => name);
  if (installed && left.length === 0) return;
  console.error(
    `\nCould not install ${left.join(', ') || missing.join(', ')} (this needs Debian and root). Install by hand and try again:\n  apt-get install ${missing.join(' ')}`,
  );
  process.exit(1);
}
