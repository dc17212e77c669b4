import { type EventEmitter, once } from 'node:events';

import type { MqttClient } from 'mqtt';

/** The arguments of the client's next event of this name. Ask before what causes it. */
export function eventOf(client: MqttClient, name: 'close' | 'disconnect'): Promise<unknown[]> {
  return once(client as unknown as EventEmitter, name);
}
