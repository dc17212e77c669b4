import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { DeviceProfile } from './device-profiles.js';
import { encodeReading, nextTemperature } from './simulated-reading.js';

const PUBLISH_INTERVAL_MS = 5000;
const RECONNECT_PERIOD_MS = 1000;
const CONNECT_DEADLINE_MS = 10_000;
const STOP_GRACE_MS = 1000;

/**
 * A device that publishes its temperature on `devices/<id>/temperature` every 5 seconds (QoS 0, retained), listens on
 * `devices/<id>/commands` (QoS 1) and reconnects a second after it was disconnected or refused. One that is offline by its
 * profile leaves as soon as it listens, and stays away.
 */
export class SimulatedDevice {
  readonly #client: MqttClient;
  readonly #id: string;
  readonly #publishing: NodeJS.Timeout;
  readonly #started: Promise<void>;
  #celsius = 21;

  constructor(url: string, profile: DeviceProfile) {
    this.#id = profile.clientId;
    this.#client = connect(url, optionsOf(profile));
    // mqtt.js tries again after every error.
    this.#client.on('error', () => undefined);
    this.#started = new Promise((resolve) => {
      this.#client.on('connect', () => {
        this.#client.subscribe(`devices/${this.#id}/commands`, { qos: 1 }, () => {
          if (profile.isOffline === true) this.#client.end();
          resolve();
        });
        this.#publish();
      });
    });
    this.#publishing = setInterval(() => this.#publish(), PUBLISH_INTERVAL_MS).unref();
  }

  /**
   * Resolves when it listens for commands.
   *
   * @throws {Error} when it does not within 10 seconds
   */
  async started(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.#id} could not connect within ${CONNECT_DEADLINE_MS} ms`)),
        CONNECT_DEADLINE_MS,
      );
    });
    await Promise.race([this.#started, deadline]).finally(() => clearTimeout(timer));
  }

  /** Disconnects for good, within about a second. */
  stop(): Promise<void> {
    clearInterval(this.#publishing);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, STOP_GRACE_MS);
      this.#client.end(true, {}, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #publish(): void {
    if (!this.#client.connected) return;
    this.#celsius = nextTemperature(this.#celsius, Math.random());
    const reading = encodeReading(this.#celsius, new Date());
    this.#client.publish(`devices/${this.#id}/temperature`, reading, { retain: true }, () => undefined);
  }
}

function optionsOf({
  clientId,
  username,
  isPersistent = false,
  hasWill = false,
}: DeviceProfile): IClientOptions {
  return {
    clientId,
    ...(username !== undefined && { username }),
    ...(hasWill && {
      will: { topic: `devices/${clientId}/state`, payload: Buffer.from('lost'), qos: 1, retain: true },
    }),
    protocolVersion: 4,
    clean: !isPersistent,
    reconnectPeriod: RECONNECT_PERIOD_MS,
    // A ban may be lifted.
    reconnectOnConnackError: true,
    resubscribe: false,
    queueQoSZero: false,
  };
}
