import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Passes connections on to a port of this machine that can change, as a database's virtual address or service does. */
export class TcpSwitch {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((socket) => this.#passOn(socket));
  }

  static async start(target: number): Promise<TcpSwitch> {
    const tcpSwitch = new TcpSwitch(target);
    tcpSwitch.#server.listen(0, '127.0.0.1');
    await once(tcpSwitch.#server, 'listening');
    return tcpSwitch;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Leads new connections elsewhere; those that are open stay. */
  switchTo(target: number): void {
    this.#target = target;
  }

  /** Breaks all connections. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.breakAll();
    await closed;
  }

  #passOn(socket: Socket): void {
    const onward = connect(this.#target, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
