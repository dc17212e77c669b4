import type { Aedes, PublishPacket } from 'aedes';
import type { ControlApiTopics } from '../../broker-gateway/protocol/control-api.js';
import { publisherOf } from '../broker/aedes-internals.js';
import type { ControlEndpoint } from './control-endpoint.js';

/**
 * Lets an endpoint answer what is published on an API's request topic. The response, at QoS 0, carries the id of the
 * client that asked; the access policy lets nobody else have it.
 */
export function serveControlApi(broker: Aedes, topics: ControlApiTopics, endpoint: ControlEndpoint): void {
  broker.subscribe(
    topics.requestTopic,
    (packet, done) => {
      const clientId = publisherOf(packet);
      void endpoint.answer(Buffer.from(packet.payload)).then((response) => {
        const reply: PublishPacket & { clientId: string | undefined } = {
          cmd: 'publish',
          topic: topics.responseTopic,
          payload: Buffer.from(response),
          qos: 0,
          retain: false,
          dup: false,
          clientId,
        };
        broker.publish(reply, () => undefined);
        done();
      });
    },
    () => undefined,
  );
}
