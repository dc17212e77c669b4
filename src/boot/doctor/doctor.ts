import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { BrokerGateway } from '../../broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import type { BrokerStatus } from '../../broker-gateway/connection/broker-status.js';
import type { BrokerConfig, Config } from '../../config/config.js';
import { ConfigError } from '../../config/config-error.js';
import { ConfigStore } from '../../config/config-store.js';
import { checkConfig } from '../check-config.js';
import { createApp } from '../create-app.js';
import { checkNetwork, type Finding } from './network-checks.js';

/** After the login, the probes of the broker's features get this long. */
const PROBE_MS = 6000;
const LOOK_MS = 50;
const SIGNS = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const;

/**
 * Reads the configuration as a start would, then tries every broker with it, and prints what was found and what to do. It is
 * harmless beside a running service: it connects under a client id of its own, and what it asks changes nothing.
 *
 * @returns the exit status: 0 when every broker is well, warnings or not; 1 otherwise
 */
export async function runDoctor(file: string | undefined): Promise<number> {
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  let config: Config;
  try {
    const checked = checkConfig(file, process.env, process.cwd());
    print(`ok   configuration: ${checked.file}`);
    config = checked.config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  // Nothing but the brokers: no trail, no shared counters, no port.
  const { rateLimit, audit } = config;
  const bare: Config = {
    ...config,
    audit: { ...audit, store: 'log', file: undefined, postgres: undefined, sync: false, required: false },
    rateLimit: { ...rateLimit, redis: undefined, redisUrl: undefined },
  };
  const app = await createApp(new ConfigStore(bare), pino({ level: 'silent' }));
  const gateway = app.get(BrokerGateway);
  let isWell = true;
  try {
    for (const project of config.projects) {
      for (const broker of project.brokers) {
        const findings = await examine(gateway, { projectId: project.id, brokerId: broker.id }, broker);
        print(`\n${project.id}/${broker.id} ${broker.url.split('?', 1)[0] ?? ''}`);
        for (const { what, result, words } of findings) print(`${SIGNS[result]} ${what}: ${words}`);
        isWell &&= findings.every(({ result }) => result !== 'fail');
      }
    }
  } finally {
    await app.close();
  }
  print(isWell ? '\nEvery broker is well.' : '\nNot every broker is well.');
  return isWell ? 0 : 1;
}

async function examine(gateway: BrokerGateway, ref: BrokerRef, broker: BrokerConfig): Promise<Finding[]> {
  const network = await checkNetwork(broker);
  if (network.some(({ result }) => result === 'fail')) return network;
  const status = await settledStatus(gateway, ref, broker.connectTimeoutMs);
  if (status.state !== 'connected') {
    const words = `${status.lastError ?? 'no answer in time'}; look at username, password and protocolVersion, and at the broker's log`;
    return [...network, { what: 'login', result: 'fail', words }];
  }
  const login: Finding = {
    what: 'login',
    result: 'ok',
    words: broker.username === undefined ? 'without a username' : `as ${broker.username}`,
  };
  return [...network, login, ...features(status)];
}

/** The broker's state once it is known, its features included, or as it is when time is up. */
async function settledStatus(
  gateway: BrokerGateway,
  ref: BrokerRef,
  connectTimeoutMs: number,
): Promise<BrokerStatus> {
  let end = performance.now() + connectTimeoutMs;
  let wasConnected = false;
  for (;;) {
    const status = gateway.status(ref);
    const isConnected = status.state === 'connected';
    if (isConnected && !wasConnected) end = performance.now() + PROBE_MS;
    wasConnected = isConnected;
    const isKnown = Object.values(status.features).every((state) => state !== 'unknown');
    if ((isConnected && isKnown) || status.state === 'denied' || performance.now() > end) return status;
    await delay(LOOK_MS);
  }
}

/** Commands are a must; what else a broker can do is told. */
function features({ featureDetails }: BrokerStatus): Finding[] {
  const { clientControl, clientInspect, extension } = featureDetails;
  const mayCommand = clientControl.state === 'available' || extension.state === 'available';
  const finding = (
    what: string,
    { state, words }: typeof extension,
    otherwise: 'warn' | 'fail',
  ): Finding => ({
    what,
    result: state === 'available' ? 'ok' : otherwise,
    words: state === 'available' ? state : `${state}: ${words}`,
  });
  return [
    finding('client control', clientControl, mayCommand ? 'warn' : 'fail'),
    finding('client inspect', clientInspect, 'warn'),
    finding('bans, standing subscriptions, events (companion plugin)', extension, 'warn'),
  ];
}
