import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** Where to listen. */
export interface LoopbackPort {
  /** The wanted TCP port; 0 takes a free one. */
  readonly port: number;
  /** Whether a free port will do when the wanted one is taken; else that is an error. */
  readonly fallbackToFreePort: boolean;
}

/** A TCP server on 127.0.0.1 that can be closed with its connections. */
export class LoopbackListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // Accepting one connection may fail (too many open files); the next one may succeed.
    server.on('error', () => undefined);
  }

  /** @throws {Error} of the operating system when it cannot listen, `EADDRINUSE` for one */
  static async listen(
    { port, fallbackToFreePort }: LoopbackPort,
    onConnection: (socket: Socket) => void,
  ): Promise<LoopbackListener> {
    const server = createServer({ noDelay: true }, onConnection);
    try {
      await listening(server, port);
    } catch (error) {
      if (!fallbackToFreePort || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      await listening(server, 0);
    }
    return new LoopbackListener(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening and ends every connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
