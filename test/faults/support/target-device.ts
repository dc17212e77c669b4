import { connect, type Socket } from 'node:net';

const CONNACK = 2;
const DISCONNECT = 14;
/** MQTT 5 section 3.14.2.1. */
const ADMINISTRATIVE_ACTION = 0x98;
const RETRY_MS = 50;

/** Whoever wants to know what happens to a device. */
export interface TargetHandlers {
  /** The broker disconnected the device on command. */
  readonly onDisconnected: (clientId: string) => void;
}

/**
 * A client that is there to be disconnected: the least MQTT that does it, so that thousands cost little. It comes back
 * at once, with the same client id, so that a command which is executed twice is seen twice.
 */
export class TargetDevice {
  #socket: Socket | undefined;
  #stopped = false;
  #wasConnected = false;
  #kicked = false;
  #retry: NodeJS.Timeout | undefined;
  #onFirstConnect: (() => void) | undefined;
  /** Resolves when it is connected for the first time. */
  readonly ready = new Promise<void>((resolve) => (this.#onFirstConnect = resolve));

  /** @param protocolVersion with 4, which has no DISCONNECT from the broker, any end of the connection counts as one on command */
  constructor(
    readonly clientId: string,
    readonly port: number,
    readonly protocolVersion: 4 | 5,
    readonly handlers: TargetHandlers,
  ) {
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = connect(this.port, '127.0.0.1', () => socket.write(this.#connectPacket()));
    this.#socket = socket;
    this.#wasConnected = this.#kicked = false;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    socket.once('close', () => this.#onClose());
  }

  /** Packets to a device are tiny and come one by one: CONNACK, and at most a DISCONNECT. */
  #onBytes(bytes: Buffer): void {
    for (let at = 0; at + 1 < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
      const type = (bytes[at] ?? 0) >> 4;
      // Followed by flags and a reason code: a device that is refused was not connected.
      if (type === CONNACK && bytes[at + 3] === 0) {
        this.#wasConnected = true;
        this.#onFirstConnect?.();
      }
      if (type === DISCONNECT && bytes[at + 2] === ADMINISTRATIVE_ACTION) this.#kicked = true;
    }
  }

  #onClose(): void {
    if (this.#stopped) return;
    if (this.#kicked || (this.protocolVersion === 4 && this.#wasConnected))
      this.handlers.onDisconnected(this.clientId);
    this.#retry = setTimeout(() => this.#connect(), this.#kicked ? 0 : RETRY_MS);
  }

  #connectPacket(): Buffer {
    const id = Buffer.from(this.clientId);
    const cleanSession = 0x02;
    const keepalive = [0, 0];
    const properties = this.protocolVersion === 5 ? [0] : [];
    const body = [
      ...[0, 4, 0x4d, 0x51, 0x54, 0x54, this.protocolVersion, cleanSession, ...keepalive],
      ...properties,
      ...[id.length >> 8, id.length & 0xff],
      ...id,
    ];
    return Buffer.from([0x10, body.length, ...body]);
  }
}
