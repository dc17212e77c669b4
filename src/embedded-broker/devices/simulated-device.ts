import { connect, type MqttClient } from 'mqtt';
import { encodeReading, nextTemperature } from './simulated-reading.js';

const PUBLISH_INTERVAL_MS = 5000;
const RECONNECT_PERIOD_MS = 1000;
const CONNECT_DEADLINE_MS = 10_000;
const STOP_GRACE_MS = 1000;

/**
 * A sensor that publishes its temperature on `devices/<id>/temperature` every 5 seconds (QoS 0, retained), listens on
 * `devices/<id>/commands` (QoS 1) and reconnects a second after it was disconnected.
 */
export class SimulatedDevice {
  readonly #client: MqttClient;
  readonly #id: string;
  readonly #publishing: NodeJS.Timeout;
  #celsius = 21;

  constructor(url: string, id: string) {
    this.#id = id;
    this.#client = connect(url, {
      clientId: id,
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: RECONNECT_PERIOD_MS,
      resubscribe: false,
      queueQoSZero: false,
    });
    // mqtt.js tries again after every error.
    this.#client.on('error', () => undefined);
    this.#client.on('connect', () => {
      this.#client.subscribe(`devices/${id}/commands`, { qos: 1 }, () => undefined);
      this.#publish();
    });
    this.#publishing = setInterval(() => this.#publish(), PUBLISH_INTERVAL_MS).unref();
  }

  /** @throws {Error} when it is not connected within 10 seconds */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#client.connected) {
        resolve();
        return;
      }
      const timer = setTimeout(() => {
        this.#client.off('connect', onConnect);
        reject(new Error(`${this.#id} could not connect within ${CONNECT_DEADLINE_MS} ms`));
      }, CONNECT_DEADLINE_MS);
      const onConnect = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#client.once('connect', onConnect);
    });
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
