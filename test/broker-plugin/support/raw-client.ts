import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const CONNACK = 0x20;
const PINGRESP = 0xd0;

interface RawClientOptions {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** Default true. */
  readonly clean?: boolean;
  /** Seconds; default 0, none. */
  readonly keepalive?: number;
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packet(firstByte: number, body: Buffer): Buffer {
  const length = [];
  for (let rest = body.length; length.length === 0 || rest > 0; rest >>= 7) {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
  }
  return Buffer.concat([Buffer.from([firstByte, ...length]), body]);
}

/** A CONNECT of MQTT 3.1.1. */
export function connectPacket(options: RawClientOptions): Buffer {
  const { clientId, username, password, clean = true, keepalive = 0 } = options;
  const flags =
    (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40) | (clean ? 0x02 : 0);
  const header = Buffer.from([0, 4, 77, 81, 84, 84, 4, flags, keepalive >> 8, keepalive & 255]);
  const fields = [clientId, username, password].filter((each) => each !== undefined);
  return packet(0x10, Buffer.concat([header, ...fields.map(string)]));
}

/** Sends a packet of less than 126 bytes over a new WebSocket and reads nothing of what comes back. */
export async function sendByWebSocket(port: number, bytes: Buffer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const upgrade = ['Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade'].concat(
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol: mqtt',
    'Sec-WebSocket-Version: 13',
  );
  socket.write(`GET /mqtt HTTP/1.1\r\n${upgrade.join('\r\n')}\r\n\r\n`);
  await once(socket, 'data');
  socket.pause();
  // A binary frame with a mask of zeros (RFC 6455, section 5.2).
  socket.write(Buffer.concat([Buffer.from([0x82, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]));
  return socket;
}

/**
 * An MQTT 3.1.1 client of a few bytes: for tests that need very many clients, or one that does what MQTT.js would not,
 * such as not reading. It understands CONNACK and PINGRESP; all else that arrives is counted.
 */
export class RawClient {
  /** Bytes that arrived. */
  received = 0;
  #waiting: { firstByte: number; found: () => void }[] = [];

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      this.received += data.length;
      // Good enough for a client that is sent nothing but the answers to its own packets.
      const answered = this.#waiting.filter(({ firstByte }) => data.includes(firstByte));
      this.#waiting = this.#waiting.filter((each) => !answered.includes(each));
      answered.forEach(({ found }) => found());
    });
  }

  static async connect(port: number, options: RawClientOptions): Promise<RawClient> {
    const client = new RawClient(connect(port, '127.0.0.1'));
    client.socket.setNoDelay(true);
    const acknowledged = client.#answer(CONNACK);
    client.socket.write(connectPacket(options));
    await acknowledged;
    return client;
  }

  /** Publishes at QoS 0; waits when the socket is full. */
  async publish(topic: string, payload: string): Promise<void> {
    const written = this.socket.write(packet(0x30, Buffer.concat([string(topic), Buffer.from(payload)])));
    if (!written) await once(this.socket, 'drain');
  }

  /** Sends PINGREQ and gives the milliseconds until the answer. */
  async ping(): Promise<number> {
    const before = performance.now();
    const answered = this.#answer(PINGRESP);
    this.socket.write(Buffer.from([0xc0, 0]));
    await answered;
    return performance.now() - before;
  }

  /** Says goodbye and waits until the connection is closed. */
  async end(): Promise<void> {
    const closed = once(this.socket, 'close');
    this.socket.resume().end(Buffer.from([0xe0, 0]));
    await closed;
  }

  #answer(firstByte: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ firstByte, found: resolve });
      this.socket.once('close', () => reject(new Error('the broker closed the connection')));
    });
  }
}

/** Makes persistent sessions of clients that are gone again, `prefix`0 and on, some hundred at a time. */
export async function makeSessions(port: number, prefix: string, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) {
      await (await RawClient.connect(port, { clientId: `${prefix}${i}`, clean: false })).end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, 200) }, worker));
}
