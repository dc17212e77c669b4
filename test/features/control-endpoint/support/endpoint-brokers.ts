import { EmbeddedBroker } from '../../../../src/embedded-broker/broker/embedded-broker.js';
import { preparePluginTarget } from '../../../broker-plugin/support/plugin-target.js';
import { freePort } from '../../../support/free-port.js';
import { Mosquitto } from '../../../support/mosquitto.js';
import { passwordFile } from '../../../support/password-file.js';

/** What a broker cannot do, or does otherwise, as `docs/control-protocol.md` allows. */
export interface EndpointTraits {
  /** What it says of itself in `describe`. */
  readonly plugin: RegExp;
  readonly broker: RegExp;
  /** Protocol version of the devices. */
  readonly protocolVersion: 4 | 5;
  /** `retained` of `subscribeClient` where there is a retained message. */
  readonly retained: 'sent' | 'not-enabled';
  readonly sharedSubscriptions: boolean;
  /** What it tells of the will of a client that it disconnects. */
  readonly knowsWills: boolean;
  /** Whether who may not command gets an answer (MQTT 3.1.1 knows no other refusal than to close the connection). */
  readonly answersStrangers: boolean;
  /** Whether a page of a list ends with the turn in which it is made. */
  readonly pagesEndWithTurns: boolean;
}

/** A running broker that answers our own endpoint. */
export interface EndpointBroker extends EndpointTraits {
  readonly url: string;
  readonly webSocketUrl: string | undefined;
  /** How the control connection logs in. */
  readonly login: { readonly username: string; readonly password: string };
  stop(): Promise<void>;
}

/** Usernames of devices; those brokers that check passwords want {@link DEVICE_PASSWORD}. */
const DEVICE_USERNAMES = ['anna', 'anton', 'berta', 'Äsop', 'Üte'] as const;
export const DEVICE_PASSWORD = 'password of the devices';

const login = { username: 'gateway', password: 'password of the tests' };

/** Every broker that has the endpoint, by name: the same table of tests runs on each. */
export const ENDPOINT_BROKERS: readonly (readonly [string, () => Promise<EndpointBroker>])[] = [
  ['the embedded broker', startEmbedded],
  ['Mosquitto 2.1 with the companion plugin, MQTT 5', () => startMosquitto(5)],
  ['Mosquitto 2.1 with the companion plugin, MQTT 3.1.1', () => startMosquitto(4)],
];

async function startEmbedded(): Promise<EndpointBroker> {
  const broker = await EmbeddedBroker.start({
    port: 0,
    fallbackToFreePort: false,
    controlUsername: login.username,
    controlPassword: login.password,
  });
  return {
    plugin: /^embedded$/,
    broker: /^aedes /,
    protocolVersion: 4,
    retained: 'sent',
    sharedSubscriptions: false,
    knowsWills: true,
    answersStrangers: false,
    pagesEndWithTurns: false,
    url: broker.url,
    webSocketUrl: undefined,
    login,
    stop: () => broker.close(),
  };
}

async function startMosquitto(protocolVersion: 4 | 5): Promise<EndpointBroker> {
  const { binary, library } = preparePluginTarget('2.1');
  const passwords: Record<string, string> = { [login.username]: login.password };
  for (const name of DEVICE_USERNAMES) passwords[name] = DEVICE_PASSWORD;
  const webSocketPort = await freePort();
  const broker = await Mosquitto.start({
    binary,
    files: { passwords: passwordFile(passwords) },
    config: [
      `listener ${webSocketPort} 127.0.0.1`,
      'protocol websockets',
      'allow_anonymous true',
      'password_file {dir}/passwords',
      `plugin ${library}`,
      `plugin_opt_allow_username ${login.username}`,
      'plugin_opt_state_dir {dir}',
    ],
  });
  return {
    plugin: /^\d+\.\d+\.\d+$/,
    broker: /^mosquitto 2\.1/,
    protocolVersion,
    retained: 'not-enabled',
    sharedSubscriptions: true,
    knowsWills: false,
    answersStrangers: true,
    pagesEndWithTurns: true,
    url: broker.url,
    webSocketUrl: `ws://127.0.0.1:${webSocketPort}`,
    login,
    stop: () => broker.stop(),
  };
}
