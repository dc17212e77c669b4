import { topicMatches } from '../../../mqtt-strings/topic-filter.js';
import { Turn } from '../turn.js';
import { LIMITS } from './limits.js';
import { sizeOf, storedMessage, type MessagePacket } from './stored-message.js';

/** The retained messages, by topic, up to the limits of the embedded broker. */
export class RetainedMessages {
  readonly #byTopic = new Map<string, MessagePacket>();
  readonly #onShortage: () => void;
  #bytes = 0;

  /** @param onShortage called when a message did not fit */
  constructor(onShortage: () => void) {
    this.#onShortage = onShortage;
  }

  /** Keeps a message instead of the one before; an empty one, or one that does not fit, leaves none. MQTT 3.1.1 section 3.3.1.3. */
  store(packet: MessagePacket): void {
    const before = this.#byTopic.get(packet.topic);
    if (before !== undefined) {
      this.#byTopic.delete(packet.topic);
      this.#bytes -= sizeOf(before);
    }
    if (packet.payload.length === 0) return;
    if (
      this.#byTopic.size >= LIMITS.retainedMessages ||
      this.#bytes + sizeOf(packet) > LIMITS.retainedBytes
    ) {
      this.#onShortage();
      return;
    }
    const message = storedMessage(packet);
    this.#byTopic.set(message.topic, message);
    this.#bytes += sizeOf(message);
  }

  /** The messages that a filter matches. A filter with wildcards looks at all of them, and lets others have their turn. */
  async *matching(filter: string): AsyncGenerator<MessagePacket, void> {
    if (!/[+#]/.test(filter)) {
      const message = this.#byTopic.get(filter);
      if (message !== undefined) yield message;
      return;
    }
    const turn = new Turn();
    for (const [topic, message] of this.#byTopic) {
      if (turn.isOver) await turn.next();
      if (topicMatches(filter, topic)) yield message;
    }
  }

  async holdsMatchOf(filter: string): Promise<boolean> {
    for await (const _ of this.matching(filter)) return true;
    return false;
  }
}
