import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import { replaceSessionStore } from '../aedes-internals.js';
import { LIMITS } from './limits.js';
import { SessionStore } from './session-store.js';
import type { MessagePacket } from './stored-message.js';

const SESSION = { id: 'persistent' };

async function queuedTopics(store: SessionStore): Promise<string[]> {
  const topics: string[] = [];
  for await (const { topic } of store.outgoingStream(SESSION)) topics.push((topic as string).slice(0, 20));
  return topics;
}

function message(topic: string, payload: string | Buffer = 'x', brokerCounter = 1): MessagePacket {
  return { cmd: 'publish', topic, payload, qos: 1, retain: true, brokerId: 'b', brokerCounter };
}

async function retainedTopics(store: SessionStore, filter: string): Promise<string[]> {
  const topics: string[] = [];
  for await (const { topic } of store.createRetainedStreamCombi([filter])) topics.push(topic as string);
  return topics;
}

describe('the session store', () => {
  let broker: Aedes;
  let store: SessionStore;

  beforeEach(async () => {
    broker = await Aedes.createBroker();
    store = new SessionStore();
    replaceSessionStore(broker, store);
  });

  afterEach(async () => {
    await new Promise<void>((resolve) => broker.close(resolve));
  });

  function publish(topic: string): Promise<void> {
    const packet: PublishPacket = { cmd: 'publish', topic, payload: 'x', qos: 1, retain: false, dup: false };
    return new Promise((resolve) => broker.publish(packet, () => resolve()));
  }

  it('queues messages for a session that is offline, but never control messages', async () => {
    await store.addSubscriptions(SESSION, [
      { topic: '#', qos: 1 },
      { topic: '$CONTROL/#', qos: 1 },
    ]);
    await publish('$CONTROL/cedalo/client-control/v1');
    await publish('a');
    expect(await queuedTopics(store)).toEqual(['a']);
  });

  it('says so when aedes is built differently', () => {
    expect(() => replaceSessionStore({} as Aedes, store)).toThrow(
      'this version of aedes keeps sessions in another way',
    );
  });

  it('queues a message at the QoS of the subscription, once for each that matches', async () => {
    await store.addSubscriptions(SESSION, [
      { topic: 'a/+', qos: 1 },
      { topic: 'a/b', qos: 0 },
      { topic: '#', qos: 2 },
    ]);
    expect(await store.subscriptionsByTopic('a/b')).toEqual([
      { clientId: 'persistent', topic: 'a/b', qos: 2 },
      { clientId: 'persistent', topic: 'a/b', qos: 1 },
    ]);
    expect(await store.subscriptionsByTopic('$x/b')).toEqual([]);
    await store.removeSubscriptions(SESSION, ['#', 'a/+', 'nothing']);
    expect(await store.subscriptionsByTopic('a/b')).toEqual([]);
  });

  it('forgets a message when it is acknowledged, and keeps its release until that is', async () => {
    const target = { clientId: 'persistent', topic: 'a', qos: 2 as const };
    for (const counter of [1, 2]) {
      await store.outgoingEnqueueCombi([target], { ...message(`a${counter}`, 'x', counter), qos: 2 });
    }
    await store.outgoingUpdate(SESSION, { ...message('a1', 'x', 1), messageId: 7 });
    await store.outgoingUpdate(SESSION, { ...message('', ''), cmd: 'pubrel', messageId: 7 });
    expect(await queuedTopics(store)).toEqual(['', 'a2']);
    await store.outgoingClearMessageId(SESSION, { ...message('', ''), cmd: 'pubcomp', messageId: 7 });
    expect(await queuedTopics(store)).toEqual(['a2']);
    await store.outgoingClearMessageId(SESSION, message('a2', 'x', 2));
    expect(await queuedTopics(store)).toEqual([]);
  });

  it('keeps no more retained messages than it may: newer ones are left out, and it says so', async () => {
    for (let index = 0; index < LIMITS.retainedMessages; index += 1)
      await store.storeRetained(message(`a/${index}`));
    expect(store.shortages.size).toBe(0);
    await store.storeRetained(message('a/7', 'instead'));
    await store.storeRetained(message('b'));
    expect(await retainedTopics(store, 'b')).toEqual([]);
    expect([...store.shortages]).toEqual(['retained']);
    await store.storeRetained(message('a/0', ''));
    await store.storeRetained(message('b'));
    expect(await retainedTopics(store, 'b')).toEqual(['b']);
    expect(await retainedTopics(store, '#')).toHaveLength(LIMITS.retainedMessages);
  });

  it('keeps no more bytes of retained messages than it may', async () => {
    const payload = Buffer.alloc(LIMITS.devicePacketBytes);
    const fitting = Math.floor(LIMITS.retainedBytes / LIMITS.devicePacketBytes);
    for (let index = 0; index < 2 * fitting; index += 1)
      await store.storeRetained(message(`a/${index}`, payload));
    expect((await retainedTopics(store, 'a/#')).length).toBeLessThan(fitting);
  });

  it('keeps its own copy of a payload, not what the socket read with it', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    await store.storeRetained(message('a', chunk.subarray(0, 10)));
    for await (const { payload } of store.createRetainedStreamCombi(['a'])) {
      expect((payload as Buffer).buffer.byteLength).toBeLessThan(chunk.length);
    }
  });

  it('queues no more messages than it may: newer ones are left out, and it says so', async () => {
    const target = { clientId: 'persistent', topic: 'a', qos: 1 as const };
    for (let index = 0; index <= LIMITS.queuedMessages; index += 1) {
      await store.outgoingEnqueueCombi([target], message(String(index)));
    }
    const queued = await queuedTopics(store);
    expect([queued.length, queued[0]]).toEqual([LIMITS.queuedMessages, '0']);
    expect([...store.shortages]).toEqual(['queued']);
  });

  it('keeps no more bytes in queues than it may, over all sessions, and has them back when one is removed', async () => {
    const payload = Buffer.alloc(LIMITS.devicePacketBytes);
    const targets = Array.from({ length: 200 }, (_, index) => ({
      clientId: String(index),
      topic: 'a',
      qos: 1 as const,
    }));
    await store.outgoingEnqueueCombi(targets, message('a', payload));
    const fitting = Math.floor(LIMITS.queuedBytes / (LIMITS.devicePacketBytes + 201));
    const isQueued = (id: string): Promise<boolean> =>
      store
        .outgoingStream({ id })
        .toArray()
        .then(({ length }) => length === 1);
    expect(await isQueued(String(fitting - 1))).toBe(true);
    expect(await isQueued(String(fitting))).toBe(false);
    await store.removeSession('0');
    await store.outgoingEnqueueCombi([{ clientId: 'late', topic: 'a', qos: 1 }], message('a', payload));
    expect(await isQueued('late')).toBe(true);
  });

  it('takes 100,000 subscriptions of one packet, which aedes hands over once for each of them, in no time', async () => {
    const subscriptions = Array.from({ length: 100_000 }, (_, index) => ({
      topic: `a/${index}`,
      qos: 1 as const,
    }));
    await Promise.all(subscriptions.map(() => store.addSubscriptions(SESSION, subscriptions)));
    expect(store.countSubscriptions('persistent')).toBe(subscriptions.length);
  }, 5000);

  it('stores only those that were granted to a client that is connected', async () => {
    const granting = new SessionStore((_, topic) => topic !== 'b');
    const client = { id: 'persistent', conn: {} } as unknown as Client;
    await granting.addSubscriptions(client, [
      { topic: 'a', qos: 1 },
      { topic: 'b', qos: 1 },
    ]);
    expect(granting.subscriptionsOf('persistent')).toEqual([{ topic: 'a', qos: 1 }]);
  });

  it('gives no more retained messages when the subscriber is gone', async () => {
    for (const topic of ['a', 'b', 'c']) await store.storeRetained(message(topic));
    const subscriber = { closed: false };
    store.beforeRetained(undefined, subscriber);
    const topics: string[] = [];
    for await (const { topic } of store.createRetainedStreamCombi(['a', 'b', 'c'])) {
      topics.push(topic as string);
      subscriber.closed = true;
    }
    expect(topics.length).toBeLessThan(3);
  });

  it('knows which QoS 2 messages were received and not released', async () => {
    const packet = { ...message('a'), messageId: 3 };
    await expect(store.incomingGetPacket(SESSION, packet)).rejects.toThrow('no such packet');
    await store.incomingStorePacket(SESSION, packet);
    await expect(store.incomingGetPacket(SESSION, packet)).resolves.toMatchObject({ messageId: 3 });
    await store.incomingDelPacket(SESSION, packet);
    await expect(store.incomingGetPacket(SESSION, packet)).rejects.toThrow('no such packet');
  });
});
