import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient } from './support/control-client.js';
import { GATEWAY, PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { type MosquittoVersion, preparePluginTarget } from './support/plugin-target.js';

const checked = ['allow_anonymous true', 'password_file {dir}/passwords'];
const unchecked = ['allow_anonymous true'];
const disconnectNobody = { command: 'disconnectClient', clientid: 'nobody' };

// Fetching and building have no part in the time of a test.
beforeAll(() => void preparePluginTarget('2.1'), 180_000);

let broker: PluginBroker;
afterEach(() => broker.stop());

async function start(
  version: MosquittoVersion,
  options: Partial<PluginBrokerOptions> = {},
): Promise<PluginBroker> {
  broker = new PluginBroker({ ...preparePluginTarget(version), ...options });
  return broker.start();
}

/** What a client that calls itself GATEWAY gets: that it is not let in, or the error of a command. */
async function asGateway(options: Parameters<typeof ControlClient.connect>[1]): Promise<string | undefined> {
  try {
    const control = await ControlClient.connect(broker, { username: GATEWAY, ...options });
    return (await control.command(disconnectNobody)).error;
  } catch (error) {
    return (error as Error).message;
  }
}

const REFUSED = /^(Not authorized|Connection refused: .*)$/i;

describe('a username that may command', () => {
  it('is worth nothing on a listener of Mosquitto 2.1 where nobody checks it', async () => {
    await start('2.1', {
      globalConfig: ['per_listener_settings true'],
      directive: 'global_plugin',
      listener: checked,
      secondListener: unchecked,
    });
    expect(await asGateway({ second: true })).toMatch(REFUSED);
    expect(await asGateway({ second: true, protocolVersion: 4 })).toMatch(REFUSED);
    expect(await asGateway({})).toBe('Client not found');
  });

  it('is worth nothing on a Mosquitto 2.1 that checks no usernames, and others are let in as before', async () => {
    await start('2.1', { listener: unchecked });
    expect(await asGateway({})).toMatch(REFUSED);
    const other = await broker.connect({ username: 'whoever' });
    expect(other.connected).toBe(true);
  });

  it('is worth nothing on a listener of Mosquitto 2.1 that the plugin is not loaded for, and the log says why', async () => {
    // The plugin's line belongs to the listener before it, the second one.
    await start('2.1', {
      globalConfig: ['per_listener_settings true'],
      directive: 'plugin',
      listener: checked,
      secondListener: checked,
    });
    expect(await asGateway({})).toMatch(REFUSED);
    await broker.waitForLog(/Warning: client-control: .*global_plugin/);
    expect(await asGateway({ second: true })).toBe('Client not found');
  });

  it('is worth nothing with a wrong password', async () => {
    await start('2.1');
    expect(await asGateway({ password: 'wrong' })).toMatch(REFUSED);
  });
});
