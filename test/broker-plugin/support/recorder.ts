import type { MqttClient } from 'mqtt';

export interface Recorded {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

/**
 * What a client receives. To see that something did *not* arrive, let a later message arrive: MQTT keeps the order of
 * messages of one publisher (specification 5.0, section 4.6).
 */
export class Recorder {
  #messages: Recorded[] = [];
  #waiters: (() => void)[] = [];

  constructor(client: MqttClient) {
    client.on('message', (topic, payload, packet) => {
      this.#messages.push({ topic, payload: payload.toString(), qos: packet.qos, retain: packet.retain });
      this.#waiters.splice(0).forEach((wake) => wake());
    });
  }

  /** All messages up to and including the one on this topic, which it waits for; they are forgotten then. */
  async until(topic: string): Promise<Recorded[]> {
    for (;;) {
      const end = this.#messages.findIndex((message) => message.topic === topic);
      if (end >= 0) {
        return this.#messages.splice(0, end + 1);
      }
      await new Promise<void>((wake) => this.#waiters.push(wake));
    }
  }
}
