import { execFileSync } from 'node:child_process';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { TestGateway } from '../support/gateway.js';
import { Mosquitto, type MosquittoOptions } from '../support/mosquitto.js';
import { until } from '../support/until.js';

const CONTROL = '$CONTROL/cedalo/client-control/v1';
const TIMEOUT_MS = 400;

let certificates: Certificates;
let broker: Mosquitto | undefined;
let gateway: TestGateway | undefined;

beforeAll(() => {
  certificates = makeCertificates();
});
afterEach(async () => {
  await gateway?.stop();
  await broker?.stop();
  gateway = broker = undefined;
});

async function start(
  options: MosquittoOptions,
  settings: (broker: Mosquitto) => object = () => ({}),
): Promise<TestGateway> {
  broker = await Mosquitto.start(options);
  gateway = new TestGateway({
    url: broker.url,
    requestTimeoutMs: TIMEOUT_MS,
    protocolVersion: 5,
    ...settings(broker),
  });
  return gateway;
}

/** The files and lines of a listener with TLS. */
const tlsListener = (more: readonly string[] = []): MosquittoOptions => ({
  files: {
    'ca.crt': certificates.ca,
    'server.crt': certificates.serverCert,
    'server.key': certificates.serverKey,
    'client.crt': certificates.clientCert,
    'client.key': certificates.clientKey,
  },
  listener: ['cafile {dir}/ca.crt', 'certfile {dir}/server.crt', 'keyfile {dir}/server.key', ...more],
});

/** The lines and files of a broker that wants a password; user `gateway`, password `secret word`. */
function withPassword(more: readonly string[] = []): MosquittoOptions {
  const file = `/tmp/mosquitto-test-passwords-${process.pid}`;
  execFileSync('mosquitto_passwd', ['-c', '-b', file, 'gateway', 'secret word']);
  const passwords = execFileSync('cat', [file], { encoding: 'utf8' });
  execFileSync('rm', ['-f', file]);
  return {
    files: { passwords },
    config: ['allow_anonymous false', 'password_file {dir}/passwords', ...more],
  };
}

/**
 * Debian's Mosquitto 2.0 has no control plugin and stays silent: a timeout with outcome "unknown" shows that the whole way there
 * and back was open, and that the broker took the command. Where the machine takes its time, the service's own first question has
 * found that out before.
 */
const SILENCES = [
  { code: 'BROKER_TIMEOUT', info: { outcome: 'unknown', timeoutMs: TIMEOUT_MS } },
  {
    code: 'CLIENT_CONTROL_NOT_AVAILABLE',
    info: { topic: '$CONTROL/cedalo/client-control/v1', reason: 'silent' },
  },
];

describe.each([5, 4])('Debian’s Mosquitto, protocol version %i', (protocolVersion) => {
  it('connects in the clear, and a command times out because the plugin is absent', async () => {
    const gateway = await start({}, () => ({ protocolVersion }));
    await gateway.state('connected');
    expect(SILENCES).toContainEqual(await gateway.disconnect('c'));
    expect(gateway.status().state).toBe('connected');
  });

  it('logs in with a password', async () => {
    const gateway = await start(withPassword(), () => ({
      protocolVersion,
      username: 'gateway',
      password: 'secret word',
    }));
    await gateway.state('connected');
    expect(SILENCES).toContainEqual(await gateway.disconnect('c'));
  });

  it('is denied with a wrong password, says so at once, and tells no secret', async () => {
    const gateway = await start(withPassword(), () => ({
      protocolVersion,
      username: 'gateway',
      password: 'wrong secret',
    }));
    await gateway.state('denied');
    expect(await gateway.disconnect('c')).toMatchObject({
      code: 'BROKER_DENIED',
      info: { reasonCode: expect.any(Number) as unknown },
    });
    expect(gateway.status().lastError).toMatch(/refused the login/);
    expect(JSON.stringify(gateway.status())).not.toContain('secret');
  });

  it('stays denied through the attempts that follow, and recovers when the password is accepted', async () => {
    const gateway = await start(withPassword(['log_type all']), () => ({
      protocolVersion,
      username: 'gateway',
      password: 'new',
    }));
    await gateway.state('denied');
    execFileSync('mosquitto_passwd', ['-b', broker?.path('passwords') ?? '', 'gateway', 'new']);
    broker?.signal('SIGHUP');
    await gateway.state('connected');
  });
});

describe('TLS', () => {
  const url = ({ port }: Mosquitto): string => `mqtts://127.0.0.1:${port}`;
  const tlsFiles = (broker: Mosquitto, ...names: ('ca' | 'cert' | 'key')[]): object => ({
    ...(names.includes('ca') && { ca: broker.path('ca.crt') }),
    ...(names.includes('cert') && { cert: broker.path('client.crt') }),
    ...(names.includes('key') && { key: broker.path('client.key') }),
  });

  it('connects to a broker whose certificate the configured CA signed', async () => {
    const gateway = await start(tlsListener(), (broker) => ({
      url: url(broker),
      tls: tlsFiles(broker, 'ca'),
    }));
    await gateway.state('connected');
    expect(SILENCES).toContainEqual(await gateway.disconnect('c'));
  });

  it('tells when the certificate of the broker ends', async () => {
    const gateway = await start(tlsListener(), (broker) => ({
      url: url(broker),
      tls: tlsFiles(broker, 'ca'),
    }));
    await gateway.state('connected');
    const { validTo } = new X509Certificate(readFileSync(broker?.path('server.crt') ?? ''));
    expect(gateway.status()).toMatchObject({ certificateExpiresAt: Date.parse(validTo) });
  });

  it('does not connect to a broker with an unknown CA, and says why', async () => {
    const gateway = await start(tlsListener(), (broker) => ({ url: url(broker) }));
    await gateway.state('disconnected');
    expect(gateway.status().lastError).toMatch(/certificate/);
    expect(await gateway.disconnect('c')).toEqual({
      code: 'BROKER_UNAVAILABLE',
      info: { outcome: 'not-sent' },
    });
  });

  it('connects to it when told not to verify', async () => {
    const gateway = await start(tlsListener(), (broker) => ({
      url: url(broker),
      tls: { rejectUnauthorized: false },
    }));
    await gateway.state('connected');
  });

  it('verifies the certificate against the configured server name', async () => {
    const gateway = await start(tlsListener(), (broker) => ({
      url: url(broker),
      tls: { ...tlsFiles(broker, 'ca'), servername: 'another.test' },
    }));
    await gateway.state('disconnected');
    expect(gateway.status().lastError).toMatch(/another\.test/);
  });

  it('presents its certificate where the broker requires one', async () => {
    const gateway = await start(tlsListener(['require_certificate true']), (broker) => ({
      url: url(broker),
      tls: tlsFiles(broker, 'ca', 'cert', 'key'),
    }));
    await gateway.state('connected');
    expect(SILENCES).toContainEqual(await gateway.disconnect('c'));
  });

  it('does not get in without a certificate where the broker requires one', async () => {
    const gateway = await start(tlsListener(['require_certificate true']), (broker) => ({
      url: url(broker),
      tls: tlsFiles(broker, 'ca'),
    }));
    await gateway.state('disconnected');
    expect(gateway.status().lastError).not.toBeNull();
  });
});

describe('WebSocket', () => {
  /** Mosquitto 2.0.11 does not start with WebSocket listeners alone, so this one is its second. */
  async function webSocketListener(tls: readonly string[] = []): Promise<{ port: number; config: string[] }> {
    const port = await freePort();
    return {
      port,
      config: [`listener ${port} 127.0.0.1`, 'protocol websockets', ...tls, 'allow_anonymous true'],
    };
  }

  it('connects', async () => {
    const { port, config } = await webSocketListener();
    const gateway = await start({ config }, () => ({ url: `ws://127.0.0.1:${port}` }));
    await gateway.state('connected');
    expect(SILENCES).toContainEqual(await gateway.disconnect('c'));
  });

  it('connects over TLS', async () => {
    const { files = {}, listener = [] } = tlsListener();
    const { port, config } = await webSocketListener(listener);
    const gateway = await start({ config, files }, (broker) => ({
      url: `wss://127.0.0.1:${port}`,
      tls: { ca: broker.path('ca.crt') },
    }));
    await gateway.state('connected');
    expect(SILENCES).toContainEqual(await gateway.disconnect('c'));
  });
});

describe('an ACL that denies the control topic', () => {
  const acl = ['acl_file {dir}/acl'];
  const files = { acl: `topic read ${CONTROL}/response\ntopic read $CONTROL/cedalo/inspect/v1/response\n` };

  it('shows at once as BROKER_DENIED with MQTT 5', async () => {
    const gateway = await start({ config: ['allow_anonymous true', ...acl], files }, () => ({
      requestTimeoutMs: 20_000,
    }));
    await gateway.state('connected');
    expect(await gateway.disconnect('c')).toEqual({ code: 'BROKER_DENIED', info: { reasonCode: 0x87 } });
  });

  it('looks like silence with MQTT 3.1.1, which has no way to tell', async () => {
    const gateway = await start({ config: ['allow_anonymous true', ...acl], files }, () => ({
      protocolVersion: 4,
    }));
    await gateway.state('connected');
    expect(SILENCES).toContainEqual(await gateway.disconnect('c'));
  });
});

describe('a broker that fails', () => {
  it('is killed in the middle of a request, and started again', async () => {
    const gateway = await start({}, () => ({ requestTimeoutMs: 20_000 }));
    await gateway.state('connected');
    const inFlight = gateway.disconnect('c');
    await until(() => gateway.stats().commandsSent === 1, 'the command is sent');
    await broker?.kill();
    expect(await inFlight).toEqual({ code: 'BROKER_UNAVAILABLE', info: { outcome: 'unknown' } });
    expect(await gateway.disconnect('d')).toEqual({
      code: 'BROKER_UNAVAILABLE',
      info: { outcome: 'not-sent' },
    });
    await broker?.start();
    await gateway.state('connected');
    expect(gateway.stats().connects).toBe(2);
    expect(gateway.stats().commandsSent).toBe(1);
  });

  it('ends the connection itself, which is told as the last error', async () => {
    const gateway = await start({}, () => ({
      clientIdPrefix: 'taken',
      reconnect: { minDelayMs: 60_000, maxDelayMs: 60_000 },
    }));
    await gateway.state('connected');
    broker?.signal('SIGTERM');
    await gateway.state('disconnected');
    expect(gateway.status().lastError).toMatch(/0x8b|lost/);
  });
});
