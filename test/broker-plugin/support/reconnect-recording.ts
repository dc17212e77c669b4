import type { IPublishPacket, MqttClient } from 'mqtt';

import type { ClientOptions, PluginBroker } from './plugin-broker.js';
import { type Recorded, Recorder } from './recorder.js';

/** Connects a session again, with a recorder that also has what the broker sent before connect() was done. */
export async function reconnectRecording(
  broker: PluginBroker,
  session: ClientOptions,
): Promise<{ client: MqttClient; until: (topic: string) => Promise<Recorded[]> }> {
  const early: Recorded[] = [];
  const client = await broker.connect({
    ...session,
    // Called for each message before it is acknowledged; all that such sessions are sent here has QoS 1.
    customHandleAcks: (topic, message, packet: IPublishPacket, acknowledge) => {
      early.push({ topic, payload: message.toString(), qos: packet.qos, retain: packet.retain });
      acknowledge(0);
    },
  });
  const recorder = new Recorder(client);
  const until = async (topic: string): Promise<Recorded[]> =>
    early.some((message) => message.topic === topic) ? early.splice(0) : recorder.until(topic);
  return { client, until };
}
