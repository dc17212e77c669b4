import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient } from './support/control-client.js';
import { eventOf } from './support/event-of.js';
import { OwnEndpoint } from './support/own-endpoint.js';
import { GATEWAY, PASSWORD, PluginBroker } from './support/plugin-broker.js';
import { type MosquittoVersion, preparePluginTarget } from './support/plugin-target.js';

const KNOWN = 'somebody';

/** What Mosquitto's own plugin for users and rights keeps in its file. */
function dynamicSecurity(): string {
  const everything = ['publishClientSend', 'publishClientReceive', 'subscribe', 'unsubscribe'];
  const client = (username: string): object => {
    const salt = randomBytes(12);
    const password = pbkdf2Sync(PASSWORD, salt, 101, 64, 'sha512').toString('base64');
    return {
      username,
      password,
      salt: salt.toString('base64'),
      iterations: 101,
      roles: [{ rolename: 'all' }],
    };
  };
  // Without these, nobody reaches topics that begin with $.
  const acls = [
    'publishClientSend',
    'publishClientReceive',
    'subscribePattern',
    'unsubscribePattern',
  ].flatMap((acltype) => ['#', '$CONTROL/#'].map((topic) => ({ acltype, topic, priority: 0, allow: true })));
  return JSON.stringify({
    defaultACLAccess: Object.fromEntries(everything.map((name) => [name, true])),
    clients: [GATEWAY, KNOWN].map(client),
    groups: [],
    roles: [{ rolename: 'all', acls }],
  });
}

/** Where the library lies that comes with this Mosquitto. */
const LIBRARY: Readonly<Record<string, (binary: string) => string>> = {
  '2.0': () => '/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so',
  '2.1': (binary) => join(dirname(binary), '../root/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so'),
};

let broker: PluginBroker;
afterEach(() => broker.stop());

async function start(version: MosquittoVersion, order: 'first' | 'last'): Promise<void> {
  const target = preparePluginTarget(version);
  const lines = [
    `plugin ${LIBRARY[version]?.(target.binary) ?? ''}`,
    'plugin_opt_config_file {dir}/dynamic-security.json',
  ];
  broker = await new PluginBroker({
    ...target,
    listener: ['allow_anonymous false'],
    ...(order === 'first' ? { configAfter: lines } : { config: lines }),
    files: { 'dynamic-security.json': dynamicSecurity() },
    pluginOptions: [
      `allow_username ${GATEWAY}`,
      'state_dir {dir}',
      ...(version === '2.0' ? ['track_clients true'] : []),
    ],
  }).start();
}

const login = (username: string, password = PASSWORD): Promise<unknown> =>
  broker.connect({ username, password, clientId: `${username}-${Math.random()}` });

describe.each([
  ['2.1', 'first'],
  ['2.1', 'last'],
  ['2.0', 'first'],
] as const)('Mosquitto %s with dynamic-security, our plugin loaded %s', (version, order) => {
  beforeAll(() => void preparePluginTarget(version), 180_000);

  it('still checks every password', async () => {
    await start(version, order);
    for (const name of [GATEWAY, KNOWN]) {
      await login(name);
      await expect(login(name, 'a wrong one')).rejects.toThrow(/refused/i);
      await expect(login(name, '')).rejects.toThrow(/refused/i);
    }
    await expect(login('nobody has this name')).rejects.toThrow(/refused/i);
    await expect(broker.connect({})).rejects.toThrow(/refused/i);
  });

  it('lets who may command do so, and nobody else', async () => {
    await start(version, order);
    const own = new OwnEndpoint(await ControlClient.connect(broker));
    expect(await own.ask('describe')).toMatchObject({ you: { username: GATEWAY } });
    await broker.connect({ username: KNOWN, clientId: 'device' });
    expect(await own.ask('getClient', { clientid: 'device' })).toMatchObject({
      username: KNOWN,
      connected: true,
    });
    const other = new OwnEndpoint(await ControlClient.connect(broker, { username: KNOWN }));
    expect(await other.codeOf('describe')).toBe('NOT_AUTHORIZED');
  });

  it(
    order === 'first'
      ? 'keeps a banned user out'
      : 'lets a banned user in for a moment, disconnects it, and says what to change',
    async () => {
      await start(version, order);
      const own = new OwnEndpoint(await ControlClient.connect(broker));
      await own.ban(KNOWN, 'username');
      if (order === 'first') {
        await expect(login(KNOWN)).rejects.toThrow(/banned|refused/i);
        return;
      }
      const banned = await broker.connect({ username: KNOWN, clientId: 'banned' }).catch(() => undefined);
      if (banned?.connected) await eventOf(banned, 'close');
      expect(await own.codeOf('getClient', { clientid: 'banned' })).toBe('CLIENT_NOT_FOUND');
      const { warnings } = await own.ask<{ warnings: string[] }>('describe');
      expect(warnings.join()).toContain('banned client got past the login');
    },
  );
});

describe('Mosquitto 2.0 with dynamic-security, our plugin loaded last', () => {
  it('shows it no logins: nobody may command, and the log says so', async () => {
    await start('2.0', 'last');
    const own = new OwnEndpoint(await ControlClient.connect(broker));
    expect(await own.codeOf('describe')).toBe('NOT_AUTHORIZED');
    await broker.waitForLog(/Warning: client-control: .*: load it before the others/);
  });
});
