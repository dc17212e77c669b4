import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { configJsonSchema, type JsonSchema } from '../../src/config/schema/json-schema.js';
import { loadConfigFile } from '../../src/config/load-config.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { makeCertificates } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { kubernetesProblems, type Manifest } from '../support/kubernetes-manifest.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService } from '../support/test-service.js';
import { until } from '../support/until.js';

/** npm installs the runtime dependencies in it, on a machine that may be busy with other tests. */
const INSTALL_TIMEOUT_MS = 180_000;

const read = (file: string): unknown => parse(readFileSync(file, 'utf8'));

describe('the Kubernetes manifests', () => {
  const folder = 'deploy/kubernetes';
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
  // Kinds of Kubernetes itself; those of operators have no schema here, and patches are no whole manifests.
  const examples = ['examples/ingress.yaml', 'examples/audit-postgres.yaml'];
  const manifest = (name: string): Manifest => read(`${folder}/${name}.yaml`) as Manifest;

  it.each([...files, ...examples])(
    '%s is valid by the schema of its kind, without unknown fields',
    (file) => {
      expect(kubernetesProblems(read(`${folder}/${file}`) as Manifest)).toEqual([]);
    },
  );

  it.each([
    ['a wrong type', { replicas: 'two' }, '/spec/replicas'],
    ['a misspelt field', { replicaz: 2 }, '/spec/replicaz is not a known field'],
  ])('would not be valid with %s', (_name, change, problem) => {
    const deployment = manifest('deployment') as Manifest & { spec: object };
    const changed = { ...deployment, spec: { ...deployment.spec, ...change } };
    expect(kubernetesProblems(changed).join()).toContain(problem);
  });

  it('are all listed in the kustomization', () => {
    const { resources } = read(`${folder}/kustomization.yaml`) as { resources: string[] };
    expect([...resources].sort()).toEqual([...files].sort());
  });

  it('run two or more replicas, unprivileged and on a read-only file system', () => {
    const container = { securityContext: expect.anything() as unknown };
    expect(manifest('deployment')).toMatchObject({
      spec: {
        template: {
          spec: {
            automountServiceAccountToken: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 10001,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                ...container,
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
              },
            ],
          },
        },
      },
    });
    // Beside an autoscaler, a number in the Deployment would be set back by every apply.
    expect(manifest('deployment')).not.toHaveProperty('spec.replicas');
    expect(manifest('horizontalpodautoscaler')).toMatchObject({ spec: { minReplicas: 2 } });
  });

  it.each(['configmap', 'examples/audit-postgres'])(
    '%s holds a configuration that is valid with real secrets, and refused with the placeholders',
    (name) => {
      const { data } = manifest(name) as Manifest & { data: Record<string, string> };
      const { stringData } = manifest('secret') as Manifest & { stringData: Record<string, string> };
      const text = (data['config.yaml'] ?? '').replaceAll(
        /\/etc\/client-control\/secrets\/\S+/g,
        'package.json',
      );
      const load = (sha256: string | undefined): unknown =>
        parseConfig(text, 'the ConfigMap', '.', { OPS_TOKEN_SHA256: sha256 });
      expect(load('a'.repeat(64))).toMatchObject({ projects: [{ id: 'plant-a' }] });
      expect(() => load(stringData['ops-token-sha256'])).toThrow(
        'auth.tokens[0].sha256: must be 64 hex digits',
      );
    },
  );

  it('make a PrometheusRule of the alert rules, as the documentation says', () => {
    const documentation = readFileSync('docs/deployment.md', 'utf8');
    const [, command = ''] = /^( *\{ printf [^]+?\}) \| kubectl/m.exec(documentation) ?? [];
    const rule = parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' })) as unknown;
    expect(rule).toEqual({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'client-control' },
      spec: read('deploy/prometheus/alerts.yaml'),
    });
  });
});

describe('the dashboard and the alert rules', () => {
  let broker: ScriptedBroker;
  let service: TestService;
  let metrics: string;

  beforeAll(async () => {
    broker = await ScriptedBroker.start();
    service = await TestService.start({ brokers: [{ id: 'b', url: broker.url, protocolVersion: 4 }] });
    await service.brokerState('b');
    await service.control('disconnect', { clientid: 'c' });
    metrics = String((await service.get('/metrics', null)).body);
  });
  afterAll(async () => {
    await service.stop();
    await broker.stop();
  });

  const typeOf = (name: string): string | undefined =>
    new RegExp(`^# TYPE ${name} (\\w+)$`, 'm').exec(metrics)?.[1];
  const isExported = (name: string): boolean =>
    typeOf(name) !== undefined || typeOf(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram';
  /** Label names, each with the metric that it selects on. */
  const selectors = (text: string): string[] =>
    [...text.matchAll(/(client_control_\w+)\{([^}]*)\}/g)].flatMap(([, name = '', labels = '']) =>
      [...labels.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => `${name} ${label}`),
    );

  it.each(['deploy/grafana/dashboard.json', 'deploy/prometheus/alerts.yaml', 'docs/metrics.md'])(
    '%s names only metrics that are exported',
    (file) => {
      const names = new Set(readFileSync(file, 'utf8').match(/client_control_\w+/g));
      // Exported only with rateLimit.redisUrl.
      names.delete('client_control_rate_limit_store_up');
      expect(names.size).toBeGreaterThan(10);
      expect([...names].filter((name) => !isExported(name) && !name.endsWith('_'))).toEqual([]);
    },
  );

  it.each(['deploy/grafana/dashboard.json', 'deploy/prometheus/alerts.yaml'])(
    '%s selects by labels that those metrics have',
    (file) => {
      const wanted = new Set(selectors(readFileSync(file, 'utf8').replaceAll('\\"', '"')));
      const missing = [...wanted].filter((pair) => {
        const [name = '', label = ''] = pair.split(' ');
        const samples = metrics.split('\n').filter((line) => line.startsWith(`${name}{`));
        return samples.length > 0 && !samples.some((line) => new RegExp(`[{,]${label}="`).test(line));
      });
      expect(wanted.size).toBeGreaterThan(2);
      expect(missing).toEqual([]);
    },
  );

  it('gives every alert a severity, a summary and a description', () => {
    const { groups } = read('deploy/prometheus/alerts.yaml') as { groups: { rules: object[] }[] };
    for (const rule of groups.flatMap(({ rules }) => rules)) {
      expect(rule).toMatchObject({
        alert: expect.stringMatching(/^ClientControl[A-Z]\w+$/),
        expr: expect.any(String),
        labels: { severity: expect.stringMatching(/^(warning|critical)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      });
    }
  });
});

describe('the example configuration', () => {
  const example = readFileSync('config.example.yaml', 'utf8');
  let dir: string;

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'example-'));
    const { serverCert, serverKey } = makeCertificates();
    const files = [...example.matchAll(/(?:ca|cert|key|passwordFile): (\S+\/\S+)/g)].map(
      ([, file = '']) => file,
    );
    for (const file of files) {
      mkdirSync(join(dir, file, '..'), { recursive: true });
      writeFileSync(join(dir, file), file.endsWith('.key') ? serverKey : serverCert);
    }
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('is valid once its secrets are there', () => {
    const environment = {
      NIGHT_SHIFT_TOKEN_SHA256: 'a'.repeat(64),
      PLATFORM_TEAM_TOKEN_SHA256: 'b'.repeat(64),
      LINE_1_PASSWORD: 'secret',
      REDIS_PASSWORD: 'secret',
    };
    writeFileSync(join(dir, 'config.yaml'), example);
    const config = loadConfigFile(join(dir, 'config.yaml'), environment);
    expect(config).toMatchObject({ projects: [{ brokers: [{ password: 'secret' }, { id: 'line-2' }] }] });
  });

  it('shows every key there is, of two ways to say the same one', () => {
    expect(missingKeys(configJsonSchema(), parse(example, { merge: true }))).toEqual([
      'rateLimit.redis.passwordFile',
      'rateLimit.redisUrl',
      'audit.postgres.password',
    ]);
  });
});

/** Paths of the keys that a schema knows and a value does not show anywhere. */
function missingKeys(schema: JsonSchema, ...values: unknown[]): string[] {
  if (schema.items !== undefined) return missingKeys(schema.items, ...values.flat());
  const inList = schema.anyOf?.find((each) => each.items?.properties !== undefined);
  if (inList !== undefined) return missingKeys(inList, ...values);
  // Keys that are explained elsewhere.
  if (schema.seeAlso !== undefined) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const found = values.flatMap((value) =>
      typeof value === 'object' && value !== null && key in value
        ? [(value as Record<string, unknown>)[key]]
        : [],
    );
    if (found.length === 0) return [key];
    return missingKeys(child, ...found).map((path) => `${key}.${path}`);
  });
}

describe('the Docker Compose file', () => {
  interface Service {
    readonly environment: Readonly<Record<string, string>>;
    readonly secrets: readonly string[];
    readonly volumes: readonly string[];
  }
  const { services, secrets, volumes } = read('docker-compose.yml') as {
    readonly services: Readonly<Record<'client-control' | 'mosquitto', Service>>;
    readonly secrets: Readonly<Record<string, unknown>>;
    readonly volumes: Readonly<Record<string, unknown>>;
  };

  it('mounts files that are there, and secrets that it declares', () => {
    for (const service of Object.values(services)) {
      for (const volume of service.volumes) {
        const [source = ''] = volume.split(':');
        // A folder, because a file that is renamed into place would not be seen through the mount of a file.
        if (source.startsWith('.')) expect(statSync(source).isDirectory()).toBe(true);
        else expect(volumes).toHaveProperty(source);
      }
      for (const secret of service.secrets) expect(secrets).toHaveProperty(secret);
    }
  });

  it('gives the service a configuration that is valid, for the broker next to it', () => {
    const text = readFileSync('deploy/compose/client-control/config.yaml', 'utf8');
    expect(text).toContain('passwordFile: /run/secrets/gateway_password');
    const config = parseConfig(
      text
        .replace('/run/secrets/gateway_password', 'package.json')
        // The volume of the image.
        .replace('/var/lib/client-control/', './'),
      'compose',
      '.',
      {
        CLIENT_CONTROL_TOKEN_SHA256: 'a'.repeat(64),
      },
    );
    expect(config.projects[0]?.brokers[0]?.url).toBe('mqtt://mosquitto:1883');
    expect(services).toHaveProperty('mosquitto');
    expect(services['client-control']).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  });
});

describe('the container image', () => {
  const [, buildStage, finalStage] = readFileSync('Dockerfile', 'utf8').split(/^FROM /m) as [
    string,
    string,
    string,
  ];

  it('builds from files that are there and that the build context lets in', () => {
    const sources = [...`${buildStage}${finalStage}`.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, list = '']) => list.split(' '),
    );
    const context = readFileSync('.dockerignore', 'utf8');
    expect(sources).toContain('package-lock.json');
    for (const source of sources) {
      expect(existsSync(source)).toBe(true);
      const isLetIn = (path: string): boolean => context.includes(`\n!${path}\n`);
      expect([source, dirname(source)].filter(isLetIn)).not.toEqual([]);
    }
  });

  it('ends in a stage without npm that runs as an unprivileged user under an init, with a health check', () => {
    expect(finalStage).toMatch(/^debian:/);
    expect(finalStage).not.toMatch(/\bnpm\b/);
    expect(finalStage).toMatch(/^USER 10001:10001$/m);
    expect(finalStage).toMatch(/^ENTRYPOINT \["\/usr\/bin\/tini", "--"\]$/m);
    expect(finalStage).toMatch(/^HEALTHCHECK .*CMD \["\/app\/healthcheck"\]$/m);
    expect(finalStage).toMatch(/HOST=0\.0\.0\.0/);
    expect(finalStage).toMatch(/CONFIG_FILE=\/etc\/client-control\/config\.yaml/);
  });

  it(
    'runs with the runtime dependencies alone, unprivileged, from files that it cannot write to',
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'image-'));
      try {
        const manifests = [
          'package.json',
          'package-lock.json',
          'client/package.json',
          'console/package.json',
        ];
        for (const file of manifests) cpSync(file, join(dir, file));
        for (const built of ['dist', 'client/dist', 'console/dist'])
          cpSync(built, join(dir, built), { recursive: true });
        cpSync('deploy/container/healthcheck.mjs', join(dir, 'healthcheck.mjs'));
        const install = ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', '--prefer-offline'];
        execFileSync('npm', [...install, '--no-audit', '--no-fund'], { cwd: dir, stdio: 'ignore' });
        for (const name of ['typescript', 'jest', 'kubernetes-models']) {
          expect(existsSync(join(dir, 'node_modules', name))).toBe(false);
        }
        writeFileSync(
          join(dir, 'config.yaml'),
          "projects: [{ id: p, brokers: [{ id: b, url: 'mqtt://127.0.0.1:9' }] }]",
        );
        chmodSync(dir, 0o755);
        execFileSync('chmod', ['-R', 'a+rX,a-w', dir]);

        const port = String(await freePort());
        const env = {
          PATH: process.env.PATH,
          HOST: '0.0.0.0',
          PORT: port,
          CONFIG_FILE: join(dir, 'config.yaml'),
        };
        // Without root there is nobody else to run as.
        const flags = ['--reuid=10001', '--regid=10001', '--clear-groups', '--no-new-privs'];
        const [command, args] =
          process.getuid?.() === 0 ? ['setpriv', [...flags, process.execPath]] : [process.execPath, []];
        const service = spawn(command, [...args, 'dist/main.js'], { cwd: dir, env, stdio: 'ignore' });
        const exited = once(service, 'exit');
        try {
          const isHealthy = (): boolean =>
            spawnSync(command, [...args, 'healthcheck.mjs'], { cwd: dir, env }).status === 0;
          await until(isHealthy, 'the health check succeeds');
          const page = await fetch(`http://127.0.0.1:${port}/console/`);
          expect(await page.text()).toContain('<div id="console">');
          service.kill('SIGTERM');
          expect(await exited).toEqual([0, null]);
          expect(isHealthy()).toBe(false);
        } finally {
          service.kill('SIGKILL');
        }
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
    INSTALL_TIMEOUT_MS,
  );
});
