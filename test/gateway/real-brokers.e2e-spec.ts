import { afterEach, describe, expect, it } from '@jest/globals';
import { preparePluginTarget } from '../broker-plugin/support/plugin-target.js';
import { Device } from '../support/device.js';
import { freePort } from '../support/free-port.js';
import { TestGateway, type Ending } from '../support/gateway.js';
import { Mosquitto, type MosquittoOptions } from '../support/mosquitto.js';
import { passwordFile } from '../support/password-file.js';
import { until } from '../support/until.js';

const REF = { projectId: 'p', brokerId: 'b' };
let stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

/** Mosquitto 2.1, with the companion plugin. */
function withPlugin(lines: readonly string[] = [], listener: readonly string[] = []): MosquittoOptions {
  const { binary, library } = preparePluginTarget('2.1');
  return {
    binary,
    listener,
    files: { passwords: passwordFile({ gateway: 'secret', other: 'secret' }) },
    config: [
      'allow_anonymous true',
      'password_file {dir}/passwords',
      `plugin ${library}`,
      'plugin_opt_allow_username gateway',
      ...lines,
    ],
  };
}

/** Mosquitto 2.1, without any plugin. */
function bare21(lines: readonly string[] = []): MosquittoOptions {
  return { binary: preparePluginTarget('2.1').binary, config: ['allow_anonymous true', ...lines] };
}

async function start(options: MosquittoOptions, settings: object = {}): Promise<TestGateway> {
  const broker = await Mosquitto.start(options);
  stops.push(() => broker.stop());
  return connect({ url: broker.url, ...settings });
}

function connect(settings: object): TestGateway {
  const gateway = new TestGateway({
    protocolVersion: 5,
    username: 'gateway',
    password: 'secret',
    requestTimeoutMs: 3000,
    ...settings,
  });
  stops.push(() => gateway.stop());
  return gateway;
}

/** Disconnects so many clients that are not there, all at once. */
async function disconnectMany(gateway: TestGateway, count: number): Promise<Set<string>> {
  const ids = Array.from({ length: count }, (_, i) => `nobody-${'x'.repeat(40)}-${i}`);
  const endings = await Promise.all(ids.map((id) => gateway.disconnect(id)));
  return new Set(endings.map(codeOf));
}

const codeOf = (ending: Ending): string => (ending === 'done' ? ending : ending.code);

/** Waits until the gateway's own questions are answered, or given up. */
async function surveyed(gateway: TestGateway): Promise<ReturnType<TestGateway['status']>> {
  await gateway.state('connected');
  await gateway.gateway.capabilitiesKnown(REF);
  return gateway.status();
}

describe('what a broker says when it lets a client in', () => {
  it.each([4, 5])(
    'Maximum Packet Size bounds batches, too (protocol version %i)',
    async (protocolVersion) => {
      const lines = protocolVersion === 5 ? ['max_packet_size 4096'] : [];
      const gateway = await start(withPlugin(lines), { protocolVersion });
      await surveyed(gateway);
      expect(await disconnectMany(gateway, 200)).toEqual(new Set(['CLIENT_NOT_FOUND']));
      expect(gateway.stats().connects).toBe(1);
    },
  );

  it.each([4, 5])('Maximum QoS 0 is kept to (protocol version %i)', async (protocolVersion) => {
    const gateway = await start(withPlugin([], ['max_qos 0']), { protocolVersion });
    expect((await surveyed(gateway)).features).toMatchObject({ clientControl: 'available' });
    expect(await disconnectMany(gateway, 200)).toEqual(new Set(['CLIENT_NOT_FOUND']));
    expect(gateway.stats().connects).toBe(1);
  });

  it('Maximum QoS 0 is no reason to take a silent broker for a dead line', async () => {
    const gateway = await start(
      { listener: ['max_qos 0'] },
      { protocolVersion: 4, requestTimeoutMs: 1000, reconnect: { minDelayMs: 1, maxDelayMs: 1 } },
    );
    expect((await surveyed(gateway)).features).toMatchObject({ clientControl: 'silent' });
    expect(gateway.stats().connects).toBe(1);
  });

  it('Receive Maximum 1 is kept to', async () => {
    const gateway = await start(withPlugin(['max_inflight_messages 1']), { maxBatch: 10 });
    await gateway.state('connected');
    expect(await disconnectMany(gateway, 200)).toEqual(new Set(['CLIENT_NOT_FOUND']));
    expect(gateway.stats().connects).toBe(1);
  });

  it('Server Keep Alive is kept to', async () => {
    const broker = await Mosquitto.start(withPlugin(['max_keepalive 2']));
    stops.push(() => broker.stop());
    const gateway = connect({ url: broker.url, keepaliveSeconds: 600 });
    await surveyed(gateway);
    // Two pings over one connection, which without the first had ended; a stall of the machine may end one, too, and then
    // the next, which has another client id, is looked at.
    await until(() => {
      const ping = `Received PINGREQ from ${gateway.gateway.ownClientId(REF)}\n`;
      return gateway.status().state === 'connected' && broker.log.split(ping).length > 2;
    }, 'the gateway pings in time');
  });

  it('no retained messages and topic aliases that nobody uses do no harm', async () => {
    const gateway = await start(withPlugin(['retain_available false', 'max_topic_alias 5']));
    expect((await surveyed(gateway)).features).toEqual({
      clientControl: 'available',
      clientInspect: 'available',
      extension: 'available',
      retained: 'unavailable',
    });
  });
});

describe('a refused login is told in words', () => {
  it.each([
    [
      'the keepalive is above max_keepalive, MQTT 3.1.1',
      ['max_keepalive 10'],
      { protocolVersion: 4, keepaliveSeconds: 60 },
      /0x02 \(client id rejected; look at clientIdPrefix, and keepaliveSeconds/,
    ],
    [
      'the broker speaks MQTT 5 only',
      ['accept_protocol_versions 5'],
      { protocolVersion: 4 },
      /0x01 \(unacceptable protocol version; look at protocolVersion/,
    ],
    [
      'the broker speaks MQTT 3.1.1 only',
      ['accept_protocol_versions 4'],
      { protocolVersion: 5 },
      /0x84 \(unsupported protocol version; look at protocolVersion/,
    ],
    [
      'the user is unknown',
      ['allow_anonymous false'],
      { username: 'somebody', password: 'p' },
      /0x87 \(not authorized; look at username and password/,
    ],
  ])('%s', async (_name, lines, settings, words) => {
    const isListenerOption = lines[0]?.startsWith('accept_protocol_versions') === true;
    const { binary } = preparePluginTarget('2.1');
    const gateway = await start(
      isListenerOption
        ? { binary, listener: lines, config: ['allow_anonymous true'] }
        : {
            binary,
            config: lines[0] === 'allow_anonymous false' ? lines : ['allow_anonymous true', ...lines],
          },
      settings,
    );
    await gateway.state('denied');
    expect(gateway.status().lastError).toMatch(words);
    expect(codeOf(await gateway.disconnect('c'))).toBe('BROKER_DENIED');
  });
});

describe('what a broker answers is found out after the connect', () => {
  it('everything, with the companion plugin', async () => {
    const gateway = await start(withPlugin());
    const { features } = await surveyed(gateway);
    expect(features).toEqual({
      clientControl: 'available',
      clientInspect: 'available',
      extension: 'available',
      retained: 'unavailable',
    });
    const { extension } = gateway.gateway.capabilities(REF);
    expect(extension).toMatchObject({
      broker: expect.stringMatching(/2\.1/),
      features: { disconnect: true },
    });
    expect(extension?.clientId).toBe(gateway.gateway.ownClientId(REF));
  });

  it('nothing, on Mosquitto 2.1 without a plugin: unavailable, answered at once', async () => {
    const gateway = await start(bare21());
    const { features, featureDetails } = await surveyed(gateway);
    expect(features).toEqual({
      clientControl: 'unavailable',
      clientInspect: 'unavailable',
      extension: 'unavailable',
      retained: 'unavailable',
    });
    expect(featureDetails.clientControl.words).toMatch(/no such endpoint/);
    expect(await gateway.disconnect('c')).toMatchObject({
      code: 'CLIENT_CONTROL_NOT_AVAILABLE',
      info: { reason: 'unavailable' },
    });
  });

  it.each([4, 5])(
    'nothing, on Mosquitto 2.0 without a plugin: silent, answered at once (version %i)',
    async (protocolVersion) => {
      const gateway = await start({}, { protocolVersion, requestTimeoutMs: 1000 });
      const { features, featureDetails } = await surveyed(gateway);
      expect(features.clientControl).toBe('silent');
      expect(featureDetails.clientControl.words).toMatch(/no answer within 1000 ms/);
      expect(Math.abs(featureDetails.clientControl.since - Date.now())).toBeLessThan(60_000);
      const askedMs = async (): Promise<number> => {
        const startedAt = performance.now();
        expect(await gateway.disconnect('c')).toEqual({
          code: 'CLIENT_CONTROL_NOT_AVAILABLE',
          info: { topic: '$CONTROL/cedalo/client-control/v1', reason: 'silent' },
        });
        return performance.now() - startedAt;
      };
      // The best of some; one that is sent and waited for takes a second each time.
      const all = [await askedMs(), await askedMs(), await askedMs()];
      expect(Math.min(...all)).toBeLessThan(500);
    },
  );

  it('denied where an ACL refuses the message and MQTT 5 tells', async () => {
    const options = withPlugin(['acl_file {dir}/acl']);
    const files = { ...options.files, acl: 'topic read $CONTROL/#\n' };
    const gateway = await start({ ...options, files });
    const { features, featureDetails } = await surveyed(gateway);
    expect(features.clientControl).toBe('denied');
    expect(featureDetails.clientControl.words).toMatch(/0x87 \(not authorized/);
    expect(await gateway.disconnect('c')).toMatchObject({
      code: 'BROKER_DENIED',
      info: { reasonCode: 0x87 },
    });
  });

  it('denied where the plugin does not let this user command', async () => {
    const gateway = await start(withPlugin(), { username: 'other' });
    const { features } = await surveyed(gateway);
    expect(features).toMatchObject({ clientControl: 'denied', extension: 'denied' });
    expect(codeOf(await gateway.disconnect('c'))).toBe('BROKER_DENIED');
    expect(gateway.gateway.capabilities(REF).extension).toBeNull();
  });
});

describe('IPv6', () => {
  it.each(['mqtt', 'ws'])('%s://[::1] connects', async (scheme) => {
    const port = await freePort();
    const lines = [`listener ${port} ::1`, ...(scheme === 'ws' ? ['protocol websockets'] : [])];
    const broker = await Mosquitto.start(bare21(lines));
    stops.push(() => broker.stop());
    const gateway = connect({ url: `${scheme}://[::1]:${port}` });
    await gateway.state('connected');
  });
});

describe('a device that takes the place of the control connection', () => {
  it('gains nothing: the next attempt has another client id', async () => {
    const gateway = await start(withPlugin(), { reconnect: { minDelayMs: 1, maxDelayMs: 1 } });
    await surveyed(gateway);
    const ids = new Set<string | undefined>();
    for (let round = 1; round <= 2; round += 1) {
      const clientId = gateway.gateway.ownClientId(REF) ?? '';
      ids.add(clientId);
      const rival = await Device.connect(gateway.url, { clientId });
      stops.push(() => rival.end());
      await until(() => gateway.stats().connects === round + 1, 'the next connection');
    }
    ids.add(gateway.gateway.ownClientId(REF));
    expect(ids.size).toBe(3);
    expect(gateway.stats().failures.takeover).toBe(2);
    await surveyed(gateway);
    expect(codeOf(await gateway.disconnect('c'))).toBe('CLIENT_NOT_FOUND');
  });
});
