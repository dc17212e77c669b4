import { randomBytes } from 'node:crypto';
import type { BrokerConfig } from '../config/config.js';
import { EmbeddedBroker } from './broker/embedded-broker.js';
import { SimulatedDevices } from './devices/simulated-devices.js';

/** What is needed of the embedded broker. */
export type EmbeddedBrokerSettings = Pick<BrokerConfig, 'url' | 'username' | 'password'>;

/** An embedded broker with simulated devices, and how to connect to it. */
export interface Demo {
  readonly broker: EmbeddedBrokerSettings & { readonly url: string };
  close(): Promise<void>;
}

const MQTT_PORT = 1883;

/** Starts the embedded broker on 127.0.0.1:1883 (or a free port) with control credentials made up for this run, and its devices. */
export async function startDemo(port = MQTT_PORT): Promise<Demo> {
  const credentials = { username: 'client-control', password: randomBytes(24).toString('base64url') };
  const broker = await EmbeddedBroker.start({
    port,
    fallbackToFreePort: true,
    controlUsername: credentials.username,
    controlPassword: credentials.password,
  });
  const devices = await SimulatedDevices.start(broker.url).catch(async (error: unknown) => {
    await broker.close();
    throw error;
  });
  return {
    broker: { url: broker.url, ...credentials },
    close: async () => {
      await devices.stop();
      await broker.close();
    },
  };
}
