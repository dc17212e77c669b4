// Installs, through apt, what the tests need beyond npm, and says so. Where it cannot, it stops with what to do.
import { spawnSync } from 'node:child_process';

/** Debian packages, and what the tests need them for. */
const NEEDED = {
  mosquitto: 'the broker',
  'mosquitto-clients': 'mosquitto_sub',
  'mosquitto-dev': 'headers for the companion plugin',
  'libmosquitto-dev': 'headers for the companion plugin',
  'libcjson-dev': 'headers for the companion plugin',
  gcc: 'the companion plugin',
  'libc6-dev': 'the companion plugin',
  make: 'the companion plugin',
  'pkg-config': 'the companion plugin',
  clang: 'fuzzing the companion plugin',
  'libclang-rt-14-dev': 'fuzzing the companion plugin',
  'chromium-headless-shell': 'the console and Swagger UI in a browser',
  'redis-server': 'rate limits shared by replicas',
  postgresql: 'the audit trail shared by replicas',
  openssl: 'certificates',
  procps: 'pgrep, which finds the processes of the database',
  'dpkg-dev': 'Mosquitto from its source package, and packages of the companion plugin',
  'musl-tools': 'the companion plugin as on Alpine',
  'libssl-dev': 'Mosquitto from its source package, with AddressSanitizer',
  systemd: 'systemd-analyze, for the unit of the service',
  curl: 'the quick start',
  jq: 'the runbooks',
  zsh: 'completion of the command line',
  fish: 'completion of the command line',
  'ca-certificates': 'fetching Mosquitto of other Debian releases',
};

/** Those of the packages that are not installed. */
function missingPackages() {
  const names = Object.keys(NEEDED);
  const query = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Package}\\n', ...names], {
    encoding: 'utf8',
  });
  const installed = new Set(
    (query.stdout ?? '')
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.split(' ')[1]),
  );
  return names.filter((name) => !installed.has(name));
}

/** Installs what is missing; ends the process with status 1 where it cannot. */
export function provision() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  console.log('The tests need Debian packages that are missing here. Installing them with apt-get:');
  for (const name of missing) console.log(`  ${name} (${NEEDED[name]})`);
  // RUNLEVEL=1 keeps the packages' services from being started.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  if (
    apt('update') &&
    apt('install', '-y', '--no-install-recommends', ...missing) &&
    missingPackages().length === 0
  )
    return;
  console.error(`
The packages could not be installed; that needs Debian 12 and root. Install them by hand and try again:
  apt-get install ${missing.join(' ')}`);
  process.exit(1);
}
