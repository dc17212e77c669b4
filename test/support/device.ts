import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';

/** A message a device received. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

let sequence = 0;

/** A real MQTT client that does not reconnect, and keeps what happens to it. */
export class Device {
  readonly messages: ReceivedMessage[] = [];
  /** The reason code of the broker's DISCONNECT (MQTT 5). */
  disconnectReason: number | undefined;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;

  private constructor(readonly mqtt: MqttClient) {
    mqtt.on('message', (topic, payload, packet: IPublishPacket) => {
      this.messages.push({ topic, payload: payload.toString(), qos: packet.qos, retain: packet.retain });
    });
    mqtt.on('disconnect', ({ reasonCode }) => (this.disconnectReason = reasonCode));
    mqtt.on('error', () => undefined);
    this.closed = new Promise((resolve) => mqtt.once('close', () => resolve()));
  }

  /** Connects with a client id of its own. */
  static async connect(url: string, options: IClientOptions = {}): Promise<Device> {
    const clientId = options.clientId ?? `device-${process.pid}-${++sequence}`;
    return new Device(
      await connectAsync(url, { protocolVersion: 5, ...options, clientId, reconnectPeriod: 0 }),
    );
  }

  get clientId(): string {
    return this.mqtt.options.clientId ?? '';
  }

  /** Resolves with the first message that has the payload. */
  message(payload: string): Promise<ReceivedMessage> {
    const find = (): ReceivedMessage | undefined =>
      this.messages.find((message) => message.payload === payload);
    const found = find();
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.clientId} got no message "${payload}"`)),
        40_000,
      );
      const look = (): void => {
        const message = find();
        if (message === undefined) return;
        clearTimeout(timer);
        this.mqtt.off('message', look);
        resolve(message);
      };
      this.mqtt.on('message', look);
    });
  }

  publish(
    topic: string,
    payload: string,
    options: { qos?: 0 | 1 | 2; retain?: boolean } = {},
  ): Promise<unknown> {
    return this.mqtt.publishAsync(topic, payload, { qos: 1, ...options });
  }

  async end(): Promise<void> {
    await this.mqtt.endAsync(true);
  }
}
