// What the audit trail costs and gives, by itself: records of a call written to a file and to PostgreSQL, and a page by client id out of
// many records in PostgreSQL. Run after `npm run build`:  node bench/audit.mjs [--records 1000000] [--rows 10000000]
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { AuditCall } from '../dist/audit/audit-call.js';
import { WriteBudget } from '../dist/audit/write-budget.js';
import { FileStore } from '../dist/audit/stores/file/file-store.js';
import { PostgresStore } from '../dist/audit/stores/postgres/postgres-store.js';
import { pageStatement } from '../dist/audit/stores/postgres/statements.js';
import { RequestRecord } from '../dist/http/request-record.js';

const BIN = '/usr/lib/postgresql/15/bin';
const number = { type: 'string' };
const { values } = parseArgs({ options: { records: number, rows: number } });
const records = Number(values.records ?? 1_000_000);
const rows = Number(values.rows ?? 10_000_000);

const dir = mkdtempSync(join(tmpdir(), 'audit-bench-'));
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);

/** Writes the records of one call, as a bulk does, and tells how long it took. */
async function writeCall(store, count) {
  let lost = 0;
  const write = async (batch) => {
    try {
      await store.append(batch, true);
      return 0;
    } catch {
      lost += batch.length;
      return batch.length;
    }
  };
  const request = new RequestRecord();
  Object.assign(request, {
    caller: { id: 'token:ops', name: 'ops', kind: 'token', grants: [] },
    audited: { requestId: '0b3e5f0e-9d3c-4c43-a6c8-3a6e6f6f0d3e', address: '127.0.0.1' },
    project: 'plant-a',
    action: 'disconnect',
    reason: 'moved to the new topic',
  });
  const writeLines = (lines, size) =>
    store.appendLines(lines, size).then(
      () => 0,
      () => (lost += size),
    );
  const takesLines = store.appendLines !== undefined;
  const call = new AuditCall(
    {
      isRequired: false,
      takesLines,
      budget: new WriteBudget(),
      write,
      writeLines,
      notSent: Error,
      notConcluded: Error,
      onEnd: () => undefined,
    },
    request,
  );
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let peak = 0;
  for (let index = 0; index < count; index += 1) {
    const item = {
      index,
      broker: 'line-1',
      action: 'subscribe',
      clientId: `gateway-${index}`,
      topic: `cmd/gateway-${index}`,
      outcome: 'OK',
    };
    if (!call.conclude(item)) {
      await call.room();
      peak = Math.max(peak, process.memoryUsage.rss());
    }
  }
  await call.end({ total: count });
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - begun) / 1000, cpuMicros: (user + system) / count, lost, peak };
}

function report(name, { seconds, cpuMicros, lost, peak }) {
  row(
    name,
    Math.round(records / seconds).toLocaleString('en'),
    cpuMicros.toFixed(1),
    lost,
    Math.round(peak / 1e6),
  );
}

async function startPostgres() {
  const [, , uid, gid] = /^postgres:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))[0].split(':').map(Number);
  const as = process.getuid() === 0 ? { uid, gid } : {};
  if (process.getuid() === 0) chownSync(dir, uid, gid);
  const data = join(dir, 'data');
  spawnSync(join(BIN, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '-N'], { cwd: dir, ...as });
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  const settings = [
    'shared_buffers=256MB',
    'max_wal_size=4GB',
    `unix_socket_directories=${dir}`,
    `port=${port}`,
  ];
  const child = spawn(join(BIN, 'postgres'), ['-D', data, ...settings.flatMap((each) => ['-c', each])], {
    stdio: 'ignore',
    ...as,
  });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client(url);
    try {
      await client.connect();
      return {
        url,
        client,
        stop: async () => {
          await client.end();
          child.kill('SIGINT');
          await once(child, 'exit');
        },
      };
    } catch (error) {
      if (attempt > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Fills the table with rows of 100,000 clients. */
async function fill(client) {
  // Faster with the indexes made afterwards.
  const { rows: indexes } = await client.query(
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'client_control_audit' AND indexname NOT LIKE '%_pkey'",
  );
  for (const { indexname } of indexes) await client.query(`DROP INDEX ${indexname}`);
  await client.query(
    `INSERT INTO client_control_audit
       SELECT now() - n * interval '3 seconds', n,
              '{"time":"2026-11-26T00:00:00.000Z","requestId":"' || n || '","caller":"ops","callerKind":"token","address":"10.0.0.7","project":"plant-' || n % 15 || '","broker":"line-1","action":"disconnect","clientId":"gateway-' || (n * 7919::bigint) % 100000 || '","outcome":"OK","durationMs":3.2}',
              'plant-' || n % 15, 'line-1', 'gateway-' || (n * 7919::bigint) % 100000, 'disconnect', 'ops',
              CASE WHEN n % 1000 = 0 THEN 'CLIENT_NOT_FOUND' ELSE 'OK' END, n::text, NULL
       FROM generate_series(1, $1::int) n`,
    [rows],
  );
  for (const { indexdef } of indexes) await client.query(indexdef);
  await client.query('VACUUM ANALYZE client_control_audit');
}

async function timePages(store, name, filter, scope = [{ project: '*' }]) {
  const times = [];
  let found = 0;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const of = typeof filter === 'function' ? filter(attempt) : filter;
    const begun = performance.now();
    const page = await store.read({ scope, filter: of, limit: 100 }, () => true);
    times.push(performance.now() - begun);
    found = page.records.length;
  }
  times.sort((a, b) => a - b);
  row(name, found, times[10].toFixed(1), times[19].toFixed(1));
}

try {
  console.log(`\nOne call with ${records.toLocaleString('en')} items:\n`);
  row('store', 'records/s', 'CPU µs/record', 'lost', 'peak RSS, MB');
  row('---', '---', '---', '---', '---');
  const file = new FileStore(join(dir, 'audit.log'), false);
  await file.open();
  report('file', await writeCall(file, records));
  await file.close();
  console.log(`\n${Math.round(statSync(join(dir, 'audit.log')).size / records)} bytes a record in the file.`);
  rmSync(join(dir, 'audit.log'));

  const database = await startPostgres();
  const store = new PostgresStore(
    () => ({ url: database.url, keepDays: 36_500 }),
    () => Promise.resolve(),
  );
  await store.open();
  console.log('');
  row('store', 'records/s', 'CPU µs/record', 'lost', 'peak RSS, MB');
  row('---', '---', '---', '---', '---');
  report('postgres', await writeCall(store, records));
  await database.client.query('TRUNCATE client_control_audit');

  const begun = performance.now();
  await fill(database.client);
  console.log(
    `\n${rows.toLocaleString('en')} rows of 100,000 clients, written in ${Math.round((performance.now() - begun) / 1000)} s. A page of 100, 20 times:\n`,
  );
  row('asked for', 'found', 'median ms', 'worst ms');
  row('---', '---', '---', '---');
  await timePages(store, 'a client id', (attempt) => ({ clientid: `gateway-${attempt * 4999}` }));
  await timePages(
    store,
    'a client id in a project',
    (attempt) => ({ clientid: `gateway-${attempt * 4999}` }),
    [{ project: 'plant-3' }],
  );
  await timePages(store, 'a client id that is not there', { clientid: 'nobody' });
  await timePages(store, 'a project', {}, [{ project: 'plant-3' }]);
  await timePages(store, 'all', {});
  await timePages(store, 'a request id', (attempt) => ({ requestId: String(attempt * 4999 + 1) }));
  await timePages(store, 'an error code', { outcome: 'CLIENT_NOT_FOUND' });
  const {
    rows: [size],
  } = await database.client.query("SELECT pg_total_relation_size('client_control_audit')::float8 AS bytes");
  console.log(`\n${Math.round(size.bytes / rows)} bytes a row, indexes included.`);
  const { text, values: given } = pageStatement({
    scope: [{ project: '*' }],
    filter: { clientid: 'gateway-4999' },
    limit: 100,
  });
  const plan = await database.client.query(`EXPLAIN ANALYZE ${text}`, given);
  console.log(`\n\`\`\`\n${plan.rows.map((line) => line['QUERY PLAN']).join('\n')}\n\`\`\``);
  await store.close();
  await database.stop();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exit(0);
