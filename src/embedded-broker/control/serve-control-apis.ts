import type { Aedes, PublishPacket } from 'aedes';
import { CONTROL_API_NAMES, CONTROL_APIS } from '../../broker-gateway/protocol/control-api.js';
import { publisherOf } from '../broker/aedes-internals.js';
import { COMMANDS } from './command-tables.js';
import { ControlEndpoint } from './control-endpoint.js';
import type { ControlledBroker } from './controlled-broker.js';

/** Lets an endpoint of each API answer what is published on its request topic. */
export function serveControlApis(aedes: Aedes, broker: ControlledBroker): void {
  for (const api of CONTROL_API_NAMES) {
    const { requestTopic, responseTopic } = CONTROL_APIS[api];
    const endpoint = new ControlEndpoint(COMMANDS[api], broker, { hasCodes: api === 'extension' });
    aedes.subscribe(
      requestTopic,
      (packet, done) => {
        const asker = broker.clients.get(publisherOf(packet) ?? '')?.connection;
        // It has left: nobody would get the answer.
        if (asker === undefined) {
          done();
          return;
        }
        void endpoint.answer(Buffer.from(packet.payload), asker).then((response) => {
          sendTo(asker.id, responseTopic, response, aedes);
          done();
        });
      },
      () => undefined,
    );
  }
}

/** Publishes, at QoS 0, what only that client may have: the access policy lets nobody else. */
export function sendTo(clientId: string, topic: string, message: string, aedes: Aedes): void {
  const packet: PublishPacket & { clientId: string } = {
    cmd: 'publish',
    topic,
    payload: Buffer.from(message),
    qos: 0,
    retain: false,
    dup: false,
    clientId,
  };
  aedes.publish(packet, () => undefined);
}
