import { afterEach, describe, expect, it } from '@jest/globals';
import { BrokerGateway } from '../../src/broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../../src/broker-gateway/broker-ref.js';
import type { ControlApi } from '../../src/broker-gateway/protocol/control-api.js';
import type { GatewayError } from '../../src/broker-gateway/gateway-error.js';
import { newClientId } from '../../src/broker-gateway/own-connections.js';
import { ConfigStore } from '../../src/config/config-store.js';
import { preparePluginTarget } from '../broker-plugin/support/plugin-target.js';
import { Device } from '../support/device.js';
import { Mosquitto, type MosquittoOptions } from '../support/mosquitto.js';
import { passwordFile } from '../support/password-file.js';
import { testConfig } from '../support/test-service.js';
import { until } from '../support/until.js';

const P: BrokerRef = { projectId: 'p', brokerId: 'b' };
const Q: BrokerRef = { projectId: 'q', brokerId: 'b' };
let stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

async function startBroker(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const broker = await Mosquitto.start(options);
  stops.push(() => broker.stop());
  return broker;
}

function withPlugin(lines: readonly string[] = []): MosquittoOptions {
  const { binary, library } = preparePluginTarget('2.1');
  return {
    binary,
    files: { passwords: passwordFile({ gateway: 'secret', 'gateway-q': 'secret' }) },
    config: [
      'allow_anonymous true',
      'password_file {dir}/passwords',
      `plugin ${library}`,
      'plugin_opt_allow_username gateway',
      'plugin_opt_allow_username gateway-q',
      ...lines,
    ],
  };
}

/** A gateway with the same broker in two projects, as one process or replica has it. */
async function startReplica(url: string, settings: object = {}, ofQ: object = {}): Promise<BrokerGateway> {
  const broker = {
    id: 'b',
    url,
    username: 'gateway',
    password: 'secret',
    requestTimeoutMs: 2000,
    reconnect: { minDelayMs: 10, maxDelayMs: 50 },
    ...settings,
  };
  const projects = [
    { id: 'p', brokers: [broker] },
    { id: 'q', brokers: [{ ...broker, clientIdPrefix: 'another-prefix', ...ofQ }] },
  ];
  const gateway = new BrokerGateway(
    new ConfigStore(testConfig({ config: { projects }, auth: { tokens: [] } })),
  );
  gateway.open();
  stops.push(() => gateway.close(0));
  for (const ref of [P, Q]) {
    await until(() => gateway.status(ref).state === 'connected', `${ref.projectId} connected`);
    await gateway.capabilitiesKnown(ref);
  }
  return gateway;
}

/** What becomes of an attempt to disconnect a client through a gateway, over one API or the other. */
const disconnect = (
  gateway: BrokerGateway,
  ref: BrokerRef,
  clientid: string,
  api: ControlApi = 'clientControl',
): Promise<string> =>
  gateway.request(ref, api, { command: 'disconnectClient', clientid }).then(
    () => 'done',
    (error: unknown) => (error as GatewayError).code,
  );

const apisOf = (gateway: BrokerGateway): ControlApi[] =>
  gateway.capabilities(P).extension === null ? ['clientControl'] : ['clientControl', 'extension'];

describe('control connections', () => {
  it.each([
    ['Mosquitto 2.0, MQTT 3.1.1', () => ({}), 4],
    ['Mosquitto 2.1 with the companion plugin', () => withPlugin(), 5],
  ] as const)(
    'of other projects and other replicas are left alone on %s',
    async (_name, options, protocolVersion) => {
      const broker = await startBroker(options());
      const [one, two] = [
        await startReplica(broker.url, { protocolVersion }),
        await startReplica(broker.url, { protocolVersion }),
      ];
      const ids = [one, two].flatMap((gateway) => [P, Q].map((ref) => gateway.ownClientId(ref) ?? ''));
      expect(new Set(ids).size).toBe(4);
      for (const api of apisOf(one))
        for (const id of ids) expect(await disconnect(one, P, id, api)).toBe('SELF_DISCONNECT');
      for (const gateway of [one, two]) expect(gateway.stats(P)?.connects).toBe(1);
    },
  );

  it('may be read', async () => {
    const broker = await startBroker(withPlugin());
    const gateway = await startReplica(broker.url);
    const clientid = gateway.ownClientId(Q);
    const client = await gateway.request(P, 'clientInspect', { command: 'getClient', clientid });
    expect(client).toMatchObject({ clientid });
  });

  it('are not imitated by a device where the broker knows better', async () => {
    const broker = await startBroker(withPlugin());
    const gateway = await startReplica(broker.url);
    const device = await Device.connect(broker.url, { clientId: newClientId('client-control') });
    expect(() => gateway.guardOwn(P, device.clientId)).not.toThrow();
    expect(await disconnect(gateway, P, device.clientId, 'extension')).toBe('done');
    await device.closed;
  });
});

describe('a broker that renames clients after their user', () => {
  const RENAMES = 'use_username_as_clientid true';

  it.each([
    ['Mosquitto 2.0', () => ({ config: ['allow_anonymous true', RENAMES] }), 4],
    ['Mosquitto 2.1 with the companion plugin', () => withPlugin([RENAMES]), 5],
  ] as const)(
    'does not make control connections fair game on %s',
    async (_name, options, protocolVersion) => {
      const broker = await startBroker(options());
      const gateway = await startReplica(broker.url, { protocolVersion }, { username: 'gateway-q' });
      for (const [ref, id] of [
        [P, 'gateway'],
        [P, 'gateway-q'],
        [Q, 'gateway'],
      ] as const)
        expect(await disconnect(gateway, ref, id)).toBe('SELF_DISCONNECT');
      expect(gateway.stats(P)?.connects).toBe(1);
    },
  );

  it('frees the name of a user that a changed configuration no longer has', async () => {
    const broker = await startBroker(withPlugin([RENAMES]));
    const withUser = (username: string): ReturnType<typeof testConfig> =>
      testConfig({ brokers: [{ id: 'b', url: broker.url, username, password: 'secret' }] });
    const config = new ConfigStore(withUser('gateway'));
    const gateway = new BrokerGateway(config);
    gateway.open();
    stops.push(() => gateway.close(0));
    await until(() => gateway.status(P).state === 'connected', 'connected');
    expect(gateway.isOwn(P, 'gateway')).toBe(true);
    expect(gateway.isOwn(P, 'gateway-q')).toBe(false);

    config.replace(withUser('gateway-q'));
    await until(() => gateway.isOwn(P, 'gateway-q'), 'the new name is left alone');
    await until(() => !gateway.isOwn(P, 'gateway'), 'the old name is like any other');
    await gateway.capabilitiesKnown(P);
    expect(gateway.isOwn(P, 'gateway-q')).toBe(true);
  });

  it('lets one of two replicas with the same user work, and the other say why it does not', async () => {
    const broker = await startBroker(withPlugin([RENAMES]));
    const replica = (): BrokerGateway => {
      const brokers = [
        {
          id: 'b',
          url: broker.url,
          username: 'gateway',
          password: 'secret',
          reconnect: { minDelayMs: 10, maxDelayMs: 50 },
        },
      ];
      const gateway = new BrokerGateway(new ConfigStore(testConfig({ brokers })));
      gateway.open();
      stops.push(() => gateway.close(0));
      return gateway;
    };
    const replicas = [replica(), replica()];
    const denied = await until(
      () => replicas.find((gateway) => gateway.status(P).state === 'denied'),
      'one gives way',
    );
    expect(denied.status(P).lastError).toMatch(
      /takes this one over again and again.*use_username_as_clientid/s,
    );
    expect(await disconnect(denied, P, 'c')).toBe('BROKER_DENIED');
    const [working] = replicas.filter((gateway) => gateway !== denied);
    if (working === undefined) throw new Error('none is left');
    await until(() => working.status(P).state === 'connected', 'the other is connected');
    const before = working.stats(P)?.connects;
    for (let i = 0; i < 30; i += 1) {
      expect(await disconnect(working, P, `nobody-${i}`)).toBe('CLIENT_NOT_FOUND');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(working.stats(P)?.connects).toBe(before);
  });
});
