// Installs wrk through apt where it is missing, and says so.
import { spawnSync } from 'node:child_process';

const isThere = () => spawnSync('wrk', ['--version'], { stdio: 'ignore' }).error === undefined;

export function provisionWrk() {
  if (isThere()) return;
  console.error('The benchmark needs the Debian package wrk. Installing it with apt-get.');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  if (apt('update') && apt('install', '-y', '--no-install-recommends', 'wrk') && isThere()) return;
  console.error('Could not install wrk (this needs Debian and root). Install it by hand and try again.');
  process.exit(1);
}
