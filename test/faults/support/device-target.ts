import { EmbeddedBroker } from '../../../src/embedded-broker/broker/embedded-broker.js';
import { preparePluginTarget } from '../../broker-plugin/support/plugin-target.js';
import { Mosquitto } from '../../support/mosquitto.js';
import { passwordFile } from '../../support/password-file.js';
import { BROKER_PASSWORD } from './secrets.js';
import type { FaultyBroker } from './faulty-broker.js';
import { TargetDevice } from './target-device.js';

const USERNAME = 'gateway';

/** A broker with real devices: a command is executed when its device is disconnected on command. */
export class DeviceTarget<
  B extends { readonly port: number; stop(): Promise<unknown> },
> implements FaultyBroker {
  readonly username = USERNAME;
  readonly recordsBeforeReply = false;
  onExecuted: (clientId: string) => void = () => undefined;
  #devices: TargetDevice[] = [];

  constructor(
    readonly broker: B,
    readonly protocolVersion: 4 | 5,
  ) {}

  get port(): number {
    return this.broker.port;
  }

  /** Connects a device for each client id. */
  async connectDevices(clientIds: readonly string[]): Promise<void> {
    const handlers = { onDisconnected: (clientId: string) => this.onExecuted(clientId) };
    const added = clientIds.map((id) => new TargetDevice(id, this.port, this.protocolVersion, handlers));
    this.#devices.push(...added);
    await Promise.all(added.map(({ ready }) => ready));
  }

  async stop(): Promise<void> {
    for (const device of this.#devices) device.stop();
    this.#devices = [];
    await this.broker.stop();
  }
}

/** The embedded broker, with room for devices. */
export async function startEmbedded(): Promise<DeviceTarget<{ port: number; stop(): Promise<void> }>> {
  const broker = await EmbeddedBroker.start({
    port: 0,
    fallbackToFreePort: true,
    controlUsername: USERNAME,
    controlPassword: BROKER_PASSWORD,
  });
  return new DeviceTarget({ port: broker.port, stop: () => broker.close() }, 4);
}

/** Debian's Mosquitto, which has no client control: it takes commands and stays silent. */
export async function startDebianMosquitto(): Promise<DeviceTarget<Mosquitto>> {
  return new DeviceTarget(await Mosquitto.start(), 5);
}

/** Mosquitto 2.1 with the companion plugin; undefined where that cannot be built. */
export function findPluginTarget(): ReturnType<typeof preparePluginTarget> | undefined {
  try {
    return preparePluginTarget('2.1');
  } catch {
    return undefined;
  }
}

/** Starts Mosquitto 2.1 with the companion plugin. */
export async function startPluginMosquitto({
  binary,
  library,
}: ReturnType<typeof preparePluginTarget>): Promise<DeviceTarget<Mosquitto>> {
  const files = { passwords: passwordFile({ [USERNAME]: BROKER_PASSWORD }) };
  const config = [
    'allow_anonymous true',
    'password_file {dir}/passwords',
    `plugin ${library}`,
    `plugin_opt_allow_username ${USERNAME}`,
    'plugin_opt_state_dir {dir}',
  ];
  return new DeviceTarget(await Mosquitto.start({ binary, files, config }), 5);
}
