import { EmbeddedBroker } from '../../src/embedded-broker/broker/embedded-broker.js';
import { preparePluginTarget } from '../broker-plugin/support/plugin-target.js';
import { Mosquitto } from './mosquitto.js';
import { passwordFile } from './password-file.js';

/** A running broker that answers the control APIs. */
export interface ControlBroker {
  /** Where devices connect. */
  readonly url: string;
  /** Protocol version of the devices. */
  readonly protocolVersion: 4 | 5;
  /** Whether a client gets retained messages for a subscription made on its behalf. */
  readonly sendsRetained: boolean;
  /** The broker's entry in the configuration file. */
  readonly settings: object;
  stop(): Promise<void>;
}

/** A login that devices may use on each of them; without one they are anonymous. */
export const DEVICE_LOGIN = { username: 'vendor-x', password: 'password of a device' } as const;

/** Every kind of broker that gives clients all three operations, by name: the same tests run against each. */
export const CONTROL_BROKERS: readonly (readonly [string, () => Promise<ControlBroker>])[] = [
  ['the embedded broker', startEmbedded],
  ['Mosquitto 2.1 with the companion plugin, MQTT 5', () => startMosquitto(5)],
  ['Mosquitto 2.1 with the companion plugin, MQTT 3.1.1', () => startMosquitto(4)],
];

/** Those on which this service hands the retained messages over. */
export const HANDING_OVER: typeof CONTROL_BROKERS = [
  ['Mosquitto 2.1 with retained messages handed over, MQTT 5', () => startMosquitto(5, true)],
  ['Mosquitto 2.1 with retained messages handed over, MQTT 3.1.1', () => startMosquitto(4, true)],
];

async function startEmbedded(): Promise<ControlBroker> {
  const credentials = { username: 'client-control', password: 'password of the tests' };
  const broker = await EmbeddedBroker.start({
    port: 0,
    fallbackToFreePort: true,
    controlUsername: credentials.username,
    controlPassword: credentials.password,
  });
  return {
    url: broker.url,
    protocolVersion: 4,
    sendsRetained: true,
    settings: { url: broker.url, protocolVersion: 4, ...credentials },
    stop: () => broker.close(),
  };
}

async function startMosquitto(protocolVersion: 4 | 5, handsOver = false): Promise<ControlBroker> {
  const { binary, library } = preparePluginTarget('2.1');
  const credentials = { username: 'gateway', password: 'password of the tests' };
  const broker = await Mosquitto.start({
    binary,
    files: {
      passwords: passwordFile({
        [credentials.username]: credentials.password,
        [DEVICE_LOGIN.username]: DEVICE_LOGIN.password,
      }),
    },
    config: [
      'allow_anonymous true',
      'password_file {dir}/passwords',
      `plugin ${library}`,
      `plugin_opt_allow_username ${credentials.username}`,
      'plugin_opt_state_dir {dir}',
      ...(handsOver ? ['plugin_opt_deliver_retained true'] : []),
    ],
  });
  return {
    url: broker.url,
    protocolVersion,
    sendsRetained: handsOver,
    settings: { url: broker.url, protocolVersion, ...credentials, ...(handsOver && { retained: 'deliver' }) },
    stop: () => broker.stop(),
  };
}
