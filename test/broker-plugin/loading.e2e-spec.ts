import { beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient } from './support/control-client.js';
import { PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import {
  fetchedVersion,
  type MosquittoVersion,
  type PluginTarget,
  preparePluginTarget,
} from './support/plugin-target.js';

const targets = {} as Record<MosquittoVersion, PluginTarget>;

beforeAll(() => {
  targets['2.0'] = preparePluginTarget('2.0');
  targets['2.1'] = preparePluginTarget('2.1');
}, 180_000);

/** Starts a broker that is expected not to start, and gives its log. */
async function logOfRefusal(options: PluginBrokerOptions): Promise<string> {
  const broker = new PluginBroker(options);
  await expect(broker.start()).rejects.toThrow('the broker ended');
  await broker.stop();
  return broker.log;
}

describe.each<MosquittoVersion>(['2.0', '2.1'])('loading the plugin into Mosquitto %s', (version) => {
  const tracking = version === '2.0' ? ['track_clients true'] : [];

  it.each([
    [[], 'nobody may send commands'],
    [['allow_anonymous_control false'], 'nobody may send commands'],
    [['allow_anonymous_control maybe'], 'plugin_opt_allow_anonymous_control must be true or false'],
    [
      ['allow_username gateway', 'disconnect_with_will 1'],
      'plugin_opt_disconnect_with_will must be true or false',
    ],
    [['allow_username gateway', 'allow_usernames x'], 'unknown option plugin_opt_allow_usernames'],
  ])('is refused with the options %j', async (pluginOptions, reason) => {
    expect(await logOfRefusal({ ...targets[version], pluginOptions })).toContain(
      `Error: client-control: ${reason}`,
    );
  });

  it('is refused when the library is the one for the other version, and the log says so', async () => {
    const other = version === '2.0' ? '2.1' : '2.0';
    const log = await logOfRefusal({ ...targets[version], library: targets[other].library });
    expect(log).toContain(
      `this library was built for Mosquitto ${other} and the running broker is Mosquitto ${version}`,
    );
  });

  it('lets every username that is listed control', async () => {
    const pluginOptions = ['allow_username one', 'allow_username two', ...tracking];
    const broker = await new PluginBroker({ ...targets[version], pluginOptions }).start();
    for (const username of ['one', 'two']) {
      const control = await ControlClient.connect(broker, { username });
      const response = await control.command({ command: 'disconnectClient', clientid: 'nobody' });
      expect(response.error).toBe('Client not found');
    }
    await broker.stop();
  });

  it('lets clients without a username control in a trial, with a warning, but none with another username', async () => {
    const broker = await new PluginBroker({
      ...targets[version],
      pluginOptions: ['allow_anonymous_control true', ...tracking],
    }).start();
    const anonymous = await ControlClient.connect(broker, { username: undefined });
    const named = await ControlClient.connect(broker, { username: 'somebody' });
    const command = { command: 'disconnectClient', clientid: 'nobody' };
    expect((await anonymous.command(command)).error).toBe('Client not found');
    expect((await named.command(command)).error).toBe('Not authorized');
    expect(broker.log).toContain(
      'Warning: client-control: Any client without a username controls all others',
    );
    await broker.stop();
  });

  it('ends cleanly', async () => {
    const broker = await new PluginBroker(targets[version]).start();
    await ControlClient.connect(broker);
    expect(await broker.stop()).toBe(0);
  });
});

it('refuses disconnect_with_will false on Mosquitto 2.0', async () => {
  const pluginOptions = ['allow_username gateway', 'disconnect_with_will false'];
  expect(await logOfRefusal({ ...targets['2.0'], pluginOptions })).toContain('needs Mosquitto 2.1 or later');
});

it('has a Mosquitto 2.1 or later from the fetch script', () => {
  expect(fetchedVersion('2.1')).toMatch(/^2\.[1-9]/);
});
