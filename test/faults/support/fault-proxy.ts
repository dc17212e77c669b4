import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultyPipe, type LineControl, type LineShape } from './faulty-pipe.js';
import { seededRandom } from './run-settings.js';

/** A direction of the line between the service and a broker. */
export type Direction = 'toBroker' | 'toService';

export interface FaultProxyOptions {
  readonly seed: number;
  /** Sees every byte that the service hands to the network. */
  readonly onToBroker?: (chunk: Buffer, connection: number) => void;
}

interface Connection {
  readonly service: Socket;
  readonly broker: Socket;
  readonly pipes: Readonly<Record<Direction, FaultyPipe>>;
}

const GOOD_LINE: LineShape = { latencyMs: [0, 0], bytesPerSecond: Number.POSITIVE_INFINITY };

/** A TCP proxy on 127.0.0.1 between the service and a broker that can do what networks do. */
export class FaultProxy {
  readonly #connections = new Set<Connection>();
  readonly #stalled = new Set<Direction>();
  readonly #server: Server;
  #shape = GOOD_LINE;
  #takesConnections = true;
  #count = 0;
  /** Faults that were injected so far. */
  faults = 0;

  private constructor(
    server: Server,
    readonly targetPort: number,
    readonly options: FaultProxyOptions,
  ) {
    this.#server = server;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Starts a proxy in front of a port of 127.0.0.1. */
  static async listen(targetPort: number, options: FaultProxyOptions): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, targetPort, options);
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that came in so far. */
  get accepted(): number {
    return this.#count;
  }

  /** Ends every connection on both sides: in order (FIN), or with a reset. */
  cut(how: 'fin' | 'rst'): void {
    this.faults += 1;
    for (const connection of [...this.#connections]) this.#cutOne(connection, how);
  }

  /** Lets `bytes` more bytes through in one direction of each connection, then resets it: in the middle of a packet. */
  cutInPacket(direction: Direction, bytes: number): void {
    this.faults += 1;
    for (const connection of this.#connections) {
      connection.pipes[direction].cutAfter(bytes, () => this.#cutOne(connection, 'rst'));
    }
  }

  /** Every open connection goes silent without FIN or RST: for the service it is half-open from now on and stays so. */
  blackHole(): void {
    this.faults += 1;
    for (const { pipes, broker } of this.#connections) {
      pipes.toBroker.swallow();
      pipes.toService.swallow();
      broker.destroy();
    }
  }

  /** Holds back what flows in a direction, on new connections too, until {@link heal}. Nothing is lost. */
  stall(direction: Direction): void {
    this.faults += 1;
    this.#stalled.add(direction);
  }

  /** Gives the line a delay or a bandwidth, until {@link heal}. */
  reshape(shape: Partial<LineShape>): void {
    this.faults += 1;
    this.#shape = { ...GOOD_LINE, ...shape };
  }

  /** Resets new connections, until {@link heal}. */
  refuseConnections(): void {
    this.faults += 1;
    this.#takesConnections = false;
  }

  /** The line is good again; what a stall held back is delivered, late. */
  heal(): void {
    this.#shape = GOOD_LINE;
    this.#stalled.clear();
    this.#takesConnections = true;
    for (const { pipes } of this.#connections) {
      pipes.toBroker.pump();
      pipes.toService.pump();
    }
  }

  async close(): Promise<void> {
    for (const connection of [...this.#connections]) this.#cutOne(connection, 'rst');
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(service: Socket): void {
    service.on('error', () => undefined);
    if (!this.#takesConnections) {
      service.resetAndDestroy();
      return;
    }
    const number = ++this.#count;
    const broker = connect({
      port: this.targetPort,
      host: '127.0.0.1',
      allowHalfOpen: true,
      noDelay: true,
    });
    // A broker that is not there: what a connection through a router meets.
    broker.on('error', () => reset(service));
    const line = (direction: Direction): LineControl => ({
      shape: () => this.#shape,
      isStalled: () => this.#stalled.has(direction),
      random: seededRandom(this.options.seed + number * 2 + (direction === 'toBroker' ? 0 : 1)),
    });
    const tap = (chunk: Buffer): void => this.options.onToBroker?.(chunk, number);
    const connection: Connection = {
      service,
      broker,
      pipes: {
        toBroker: new FaultyPipe(service, broker, { ...line('toBroker'), tap }),
        toService: new FaultyPipe(broker, service, line('toService')),
      },
    };
    this.#connections.add(connection);
    service.once('close', () => this.#forgetWhenDone(connection));
    broker.once('close', () => this.#forgetWhenDone(connection));
  }

  #forgetWhenDone(connection: Connection): void {
    if (connection.service.destroyed && connection.broker.destroyed) this.#connections.delete(connection);
  }

  #cutOne({ service, broker, pipes }: Connection, how: 'fin' | 'rst'): void {
    pipes.toBroker.swallow();
    pipes.toService.swallow();
    for (const socket of [service, broker]) {
      if (how === 'rst') reset(socket);
      else socket.end(() => socket.destroySoon());
    }
  }
}

/** Node leaks the handle of a socket that is reset while its FIN is on the way. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
