import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Bytes that may wait for all callers together. */
const MAX_WAITING_BYTES = 128 * 1_048_576;
/** A caller that takes nothing of what waits for it for this long is taken for gone. */
const STALL_TIMEOUT_MS = 30_000;
const CHECK_INTERVAL_MS = 1000;

/** How far a connection had come when that last changed. */
interface Progress {
  waiting: number;
  written: number;
  at: number;
}

/**
 * Cuts the connections of callers that do not read their answers: each answer holds memory until it is read, and a caller
 * may open any number of connections. Those that take nothing for 30 seconds go, and when more than 128 MiB wait in all,
 * those that have taken nothing for the longest.
 */
export function cutUnreadAnswers(server: Server): void {
  const connections = new Map<Socket, Progress>();
  const add = (socket: Socket): void => {
    connections.set(socket, { waiting: 0, written: 0, at: 0 });
    socket.once('close', () => connections.delete(socket));
  };
  // Below TLS, what waits is seen only encrypted.
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', add);
  const timer = setInterval(() => check(connections), CHECK_INTERVAL_MS).unref();
  server.once('close', () => clearInterval(timer));
}

function check(connections: ReadonlyMap<Socket, Progress>): void {
  const now = performance.now();
  const waiting: { readonly socket: Socket; readonly progress: Progress }[] = [];
  let bytes = 0;
  for (const [socket, progress] of connections) {
    const { writableLength, bytesWritten } = socket;
    if (writableLength === 0 || writableLength !== progress.waiting || bytesWritten !== progress.written)
      Object.assign(progress, { waiting: writableLength, written: bytesWritten, at: now });
    if (writableLength === 0) continue;
    bytes += writableLength;
    waiting.push({ socket, progress });
  }
  waiting.sort((a, b) => a.progress.at - b.progress.at);
  for (const { socket, progress } of waiting) {
    if (bytes <= MAX_WAITING_BYTES && now - progress.at < STALL_TIMEOUT_MS) break;
    bytes -= socket.writableLength;
    socket.destroy();
  }
}
