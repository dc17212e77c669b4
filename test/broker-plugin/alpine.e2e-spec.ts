import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient, INSPECT } from './support/control-client.js';
import { eventOf } from './support/event-of.js';
import { PluginBroker } from './support/plugin-broker.js';
import { type PluginTarget, preparePluginTarget } from './support/plugin-target.js';

/** Names of the dynamic symbols of a program or library. */
function symbols(file: string, which: '--defined-only' | '--undefined-only'): string[] {
  const lines = execFileSync('nm', ['-D', which, file], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => (line.trim().split(/\s+/).at(-1) ?? '').replace(/@.*/, ''));
}

/*
 * The image eclipse-mosquitto is Alpine's: another C library, and a broker that exports to plugins only what its list
 * names, where Debian's exports everything. Alpine itself is not to be had on the machine of the tests, so the broker is
 * built as the image builds it, with Alpine's C library.
 */
describe('the plugin on Mosquitto 2.1 as the Alpine image has it', () => {
  let target: PluginTarget;
  let broker: PluginBroker;

  beforeAll(async () => {
    target = preparePluginTarget('musl');
    broker = await new PluginBroker({
      ...target,
      // This broker is built without TLS, and so cannot check passwords.
      listener: ['allow_anonymous true'],
      pluginOptions: ['allow_anonymous_control true'],
    }).start();
  }, 180_000);
  afterAll(() => broker.stop());

  it('needs no function that the broker does not export', () => {
    const exported = new Set(symbols(target.binary, '--defined-only'));
    const needed = symbols(target.library, '--undefined-only').filter((name) =>
      name.startsWith('mosquitto_'),
    );
    expect(needed.length).toBeGreaterThan(10);
    expect(needed.filter((name) => !exported.has(name))).toEqual([]);
  });

  it('controls clients', async () => {
    const control = await ControlClient.connect(broker, { clientId: 'control', username: undefined });
    const client = await broker.connect({ clientId: 'device' });
    const subscribe = { command: 'subscribeClient', clientid: 'device', topic: 'a', qos: 1 };
    expect(await control.command(subscribe)).toEqual(expect.objectContaining({ data: expect.anything() }));
    expect(await control.command({ command: 'getClient', clientid: 'device' }, INSPECT)).toEqual(
      expect.objectContaining({
        data: expect.objectContaining({ protocol: 'MQTT', numSubscriptions: 1 }),
      }),
    );
    const closed = eventOf(client, 'close');
    expect(await control.command({ command: 'disconnectClient', clientid: 'device' })).toEqual(
      expect.objectContaining({ data: expect.anything() }),
    );
    await closed;
  });

  it('ends cleanly', async () => {
    expect(await broker.shutDown()).toBe(0);
  });
});

it('needs no function that Debian’s Mosquitto 2.0 does not export', () => {
  const { library, binary } = preparePluginTarget('2.0');
  const exported = new Set(symbols(binary, '--defined-only'));
  const needed = symbols(library, '--undefined-only').filter((name) => name.startsWith('mosquitto_'));
  expect(needed.filter((name) => !exported.has(name))).toEqual([]);
});
