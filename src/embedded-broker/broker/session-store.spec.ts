import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import { extendSessionStore } from './session-store.js';

interface Queues {
  addSubscriptions(
    client: Pick<Client, 'id'>,
    subscriptions: { topic: string; qos: number }[],
  ): Promise<void>;
  outgoingStream(client: Pick<Client, 'id'>): AsyncIterable<{ topic: string }>;
}

const SESSION = { id: 'persistent' };

describe('the session store', () => {
  let broker: Aedes;
  let queues: Queues;

  beforeEach(async () => {
    broker = await Aedes.createBroker();
    extendSessionStore(broker);
    queues = (broker as unknown as { persistence: Queues }).persistence;
  });

  afterEach(async () => {
    await new Promise<void>((resolve) => broker.close(resolve));
  });

  function publish(topic: string): Promise<void> {
    const packet: PublishPacket = { cmd: 'publish', topic, payload: 'x', qos: 1, retain: false, dup: false };
    return new Promise((resolve) => broker.publish(packet, () => resolve()));
  }

  it('queues messages for a session that is offline, but never control messages', async () => {
    await queues.addSubscriptions(SESSION, [
      { topic: '#', qos: 1 },
      { topic: '$CONTROL/#', qos: 1 },
    ]);
    await publish('$CONTROL/cedalo/client-control/v1');
    await publish('a');
    const queued: string[] = [];
    for await (const { topic } of queues.outgoingStream(SESSION)) queued.push(topic);
    expect(queued).toEqual(['a']);
  });

  it('says so when aedes is built differently', () => {
    expect(() => extendSessionStore({} as Aedes)).toThrow(
      'this version of aedes keeps sessions in another way',
    );
  });
});
