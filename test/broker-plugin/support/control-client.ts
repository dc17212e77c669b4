import type { MqttClient } from 'mqtt';

import { GATEWAY, type PluginBroker } from './plugin-broker.js';

export const CLIENT_CONTROL = '$CONTROL/cedalo/client-control/v1';
export const INSPECT = '$CONTROL/cedalo/inspect/v1';
export const OWN = '$CONTROL/mqtt-client-control/v1';

export interface ControlResponse {
  readonly command: string;
  readonly error?: string;
  readonly code?: string;
  readonly info?: Record<string, unknown>;
  readonly data?: Record<string, unknown>;
  readonly correlationData?: string;
}

/** The value; throws if there is none. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new Error('a value was expected');
  }
  return value;
}

/** Sends commands as the service would and collects what comes back. */
export class ControlClient {
  readonly received: ControlResponse[] = [];
  #waiters: (() => void)[] = [];
  #sent = 0;

  private constructor(readonly mqtt: MqttClient) {
    mqtt.on('close', () => this.#waiters.splice(0).forEach((wake) => wake()));
    mqtt.on('message', (topic, payload) => {
      if (!topic.startsWith('$CONTROL/')) {
        return;
      }
      const message = JSON.parse(payload.toString()) as { responses?: ControlResponse[] };
      this.received.push(...(message.responses ?? [message as ControlResponse]));
      this.#waiters.splice(0).forEach((wake) => wake());
    });
  }

  /** Connects and subscribes to the response topics. */
  static async connect(
    broker: PluginBroker,
    options: Parameters<PluginBroker['connect']>[0] = {},
  ): Promise<ControlClient> {
    const mqtt = await broker.connect({ username: GATEWAY, ...options });
    const control = new ControlClient(mqtt);
    await mqtt.subscribeAsync([CLIENT_CONTROL, INSPECT, OWN].map((topic) => `${topic}/response`));
    return control;
  }

  /** Publishes a payload as it stands. */
  async publish(payload: string | Buffer, topic = CLIENT_CONTROL): Promise<void> {
    await this.mqtt.publishAsync(topic, payload, { qos: 1 });
  }

  /** Sends one command and gives its response, matched by correlation data. */
  async command(command: Record<string, unknown>, topic = CLIENT_CONTROL): Promise<ControlResponse> {
    return present((await this.batch([command], topic))[0]);
  }

  /** Sends commands in one message and gives their responses in the commands' order. */
  async batch(
    commands: readonly Record<string, unknown>[],
    topic = CLIENT_CONTROL,
  ): Promise<ControlResponse[]> {
    const ids = commands.map(() => `${this.mqtt.options.clientId}-${++this.#sent}`);
    await this.publish(
      JSON.stringify({ commands: commands.map((c, i) => ({ ...c, correlationData: ids[i] })) }),
      topic,
    );
    const wanted = new Set(ids);
    const found = new Map<string, ControlResponse>();
    for (let next = 0; found.size < ids.length; next++) {
      await this.#arrivalOf(next);
      const response = present(this.received[next]);
      if (response.correlationData === undefined && response.error === 'Not authorized') {
        // Decided before anything was parsed: the answer to all of them.
        ids.forEach((id) => found.set(id, response));
      }
      if (response.correlationData !== undefined && wanted.has(response.correlationData)) {
        found.set(response.correlationData, response);
      }
    }
    this.received.length = 0;
    return ids.map((id) => present(found.get(id)));
  }

  /** The next response that comes, whatever its correlation data. */
  async next(): Promise<ControlResponse> {
    await this.#arrivalOf(0);
    return present(this.received.shift());
  }

  async #arrivalOf(index: number): Promise<void> {
    while (this.received.length <= index) {
      if (!this.mqtt.connected) {
        throw new Error('the broker closed the connection before it answered');
      }
      await new Promise<void>((wake) => this.#waiters.push(wake));
    }
  }
}
