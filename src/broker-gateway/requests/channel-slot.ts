import { isDeepStrictEqual } from 'node:util';
import type { BrokerConfig } from '../../config/config.js';
import type { BrokerChannel } from './broker-channel.js';

/**
 * One configured broker's place in the gateway: the channel that serves it, and, while a changed configuration takes
 * effect, the channel that will.
 *
 * A change costs no request: the channel that serves goes on until its successor's first attempt to connect has ended,
 * well or not, then finishes what is in flight and closes.
 */
export class ChannelSlot {
  readonly #openChannel: (config: BrokerConfig) => BrokerChannel;
  /** Channels that finish what is in flight, with the promise of their end. */
  readonly #closing = new Map<BrokerChannel, Promise<void>>();
  #config: BrokerConfig;
  #serving: BrokerChannel;
  #successor: BrokerChannel | undefined;

  /** @param openChannel makes a channel that has begun to connect */
  constructor(config: BrokerConfig, openChannel: (config: BrokerConfig) => BrokerChannel) {
    this.#openChannel = openChannel;
    this.#config = config;
    this.#serving = openChannel(config);
  }

  /** The channel for the next request. */
  get channel(): BrokerChannel {
    return this.#serving;
  }

  /** Takes over a new configuration; one that says the same about the connection leaves it alone. */
  change(config: BrokerConfig): void {
    const isSameConnection = isDeepStrictEqual({ ...config, name: '' }, { ...this.#config, name: '' });
    this.#config = config;
    if (isSameConnection) return;
    if (this.#successor !== undefined) this.#retire(this.#successor);
    const successor = this.#openChannel(config);
    this.#successor = successor;
    void successor.firstAttempt.then(() => {
      if (this.#successor !== successor) return;
      this.#retire(this.#serving);
      this.#serving = successor;
      this.#successor = undefined;
    });
  }

  /** Takes no new requests, lets those in flight finish, then closes every connection. */
  async close(): Promise<void> {
    for (const channel of this.#open()) this.#retire(channel);
    this.#successor = undefined;
    await Promise.all(this.#closing.values());
  }

  /** Fails what is in flight and closes every connection. */
  async destroy(): Promise<void> {
    const channels = [...this.#closing.keys(), ...this.#open()];
    this.#successor = undefined;
    await Promise.all(channels.map((channel) => channel.destroy()));
  }

  #open(): BrokerChannel[] {
    return this.#successor === undefined ? [this.#serving] : [this.#serving, this.#successor];
  }

  #retire(channel: BrokerChannel): void {
    this.#closing.set(
      channel,
      channel.close().then(() => void this.#closing.delete(channel)),
    );
  }
}
