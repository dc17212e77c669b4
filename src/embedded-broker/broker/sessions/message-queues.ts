import { LIMITS } from './limits.js';
import { sizeOf, storedMessage, type MessagePacket } from './stored-message.js';

type Qos = 0 | 1 | 2;

/** The messages that persistent sessions have not acknowledged, oldest first, up to the limits of the embedded broker. */
export class MessageQueues {
  readonly #queues = new Map<string, MessagePacket[]>();
  readonly #onShortage: () => void;
  #bytes = 0;

  /** @param onShortage called when a message did not fit */
  constructor(onShortage: () => void) {
    this.#onShortage = onShortage;
  }

  /** Queues a message; one that does not fit is left out. */
  add(clientId: string, packet: MessagePacket, qos: Qos): void {
    const queue = this.#queues.get(clientId) ?? [];
    if (queue.length >= LIMITS.queuedMessages || this.#bytes + sizeOf(packet) > LIMITS.queuedBytes) {
      this.#onShortage();
      return;
    }
    const message = storedMessage(packet, qos);
    queue.push(message);
    this.#queues.set(clientId, queue);
    this.#bytes += sizeOf(message);
  }

  /** A copy of what waits for the client. */
  of(clientId: string): MessagePacket[] {
    return [...(this.#queues.get(clientId) ?? [])];
  }

  /**
   * Notes the packet identifier under which a message was sent, or puts a PUBREL in the place of the message that it
   * belongs to. A message that is not queued did not fit: it is sent all the same, but not again after a reconnect.
   */
  update(clientId: string, packet: MessagePacket): void {
    const queue = this.#queues.get(clientId) ?? [];
    const isRelease = packet.cmd === 'pubrel';
    const index = queue.findIndex((queued) =>
      isRelease
        ? queued.messageId === packet.messageId
        : queued.brokerCounter === packet.brokerCounter && queued.brokerId === packet.brokerId,
    );
    const queued = queue[index];
    if (queued === undefined) return;
    if (isRelease) {
      this.#bytes -= sizeOf(queued);
      queue[index] = { ...packet, topic: '', payload: '' };
      this.#bytes += sizeOf(queue[index]);
    } else queued.messageId = packet.messageId;
  }

  /** Removes and gives the message that was sent under a packet identifier, or, without one, that will not be sent. */
  take(clientId: string, { messageId, brokerId, brokerCounter }: MessagePacket): MessagePacket | undefined {
    const queue = this.#queues.get(clientId);
    const index =
      queue?.findIndex((queued) =>
        messageId === undefined
          ? queued.messageId === undefined &&
            queued.brokerCounter === brokerCounter &&
            queued.brokerId === brokerId
          : queued.messageId === messageId,
      ) ?? -1;
    if (queue === undefined || index < 0) return undefined;
    const [taken] = queue.splice(index, 1);
    if (taken !== undefined) this.#bytes -= sizeOf(taken);
    if (queue.length === 0) this.#queues.delete(clientId);
    return taken;
  }

  clear(clientId: string): void {
    for (const queued of this.#queues.get(clientId) ?? []) this.#bytes -= sizeOf(queued);
    this.#queues.delete(clientId);
  }
}
