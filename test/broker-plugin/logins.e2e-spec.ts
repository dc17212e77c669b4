import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { type Certificates, makeCertificates } from '../support/certificates.js';
import { ControlClient } from './support/control-client.js';
import { eventOf } from './support/event-of.js';
import { OwnEndpoint } from './support/own-endpoint.js';
import { PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { preparePluginTarget } from './support/plugin-target.js';

let certificates: Certificates;
beforeAll(() => {
  preparePluginTarget('2.1');
  certificates = makeCertificates();
}, 180_000);

let broker: PluginBroker;
afterEach(() => broker.stop());

async function start(options: Partial<PluginBrokerOptions> = {}): Promise<void> {
  broker = await new PluginBroker({
    ...preparePluginTarget('2.1'),
    pluginOptions: ['allow_username gateway', 'state_dir {dir}'],
    ...options,
  }).start();
}

/** A second listener where a certificate is the username. */
const withCertificates = (): Partial<PluginBrokerOptions> => ({
  files: {
    'ca.crt': certificates.ca,
    'server.crt': certificates.serverCert,
    'server.key': certificates.serverKey,
  },
  secondListener: [
    'cafile {dir}/ca.crt',
    'certfile {dir}/server.crt',
    'keyfile {dir}/server.key',
    'require_certificate true',
    'use_identity_as_username true',
  ],
});

const secure = (who: 'client' | 'device') => ({
  second: true,
  secure: true,
  ca: certificates.ca,
  cert: certificates[`${who}Cert`],
  key: certificates[`${who}Key`],
});

describe('certificates as usernames on Mosquitto 2.1', () => {
  it('let the service command', async () => {
    await start(withCertificates());
    const own = new OwnEndpoint(
      await ControlClient.connect(broker, { ...secure('client'), username: undefined }),
    );
    expect(await own.ask('describe')).toMatchObject({ you: { username: 'gateway' } });
  });

  it('let nobody else command', async () => {
    await start(withCertificates());
    const own = new OwnEndpoint(
      await ControlClient.connect(broker, { ...secure('device'), username: undefined }),
    );
    expect(await own.codeOf('describe')).toBe('NOT_AUTHORIZED');
  });

  it('do not get a banned client past its ban: it is disconnected right after the login, and that is told', async () => {
    await start(withCertificates());
    const own = new OwnEndpoint(await ControlClient.connect(broker));
    await own.ban('device', 'username');
    const client = await broker.connect({ ...secure('device'), clientId: 'banned' }).catch(() => undefined);
    if (client?.connected) await eventOf(client, 'close');
    expect(await own.codeOf('getClient', { clientid: 'banned' })).toBe('CLIENT_NOT_FOUND');
    const { warnings } = await own.ask<{ warnings: string[] }>('describe');
    expect(warnings.join()).toContain('banned client got past the login');
  });
});

describe('a ban on Mosquitto 2.1', () => {
  it('holds for a session that is taken over', async () => {
    await start();
    const own = new OwnEndpoint(await ControlClient.connect(broker));
    const session = { clientId: 'taken', clean: false, properties: { sessionExpiryInterval: 600 } };
    const first = await broker.connect(session);
    await own.ban('taken', 'clientid', { disconnect: false });
    await expect(broker.connect(session)).rejects.toThrow(/refused|Banned/);
    await first.subscribeAsync('still/here');
  });

  it('ends a session with its will, the delayed one in its time', async () => {
    await start();
    const own = new OwnEndpoint(await ControlClient.connect(broker));
    const watcher = await broker.connect();
    const heard = new Promise<string>((resolve) => watcher.on('message', (topic) => resolve(topic)));
    await watcher.subscribeAsync('will');
    await broker.connect({
      clientId: 'mortal',
      clean: false,
      properties: { sessionExpiryInterval: 600 },
      will: { topic: 'will', payload: 'gone', properties: { willDelayInterval: 1 } },
    });
    await own.ban('mortal');
    expect(await heard).toBe('will');
  });
});
