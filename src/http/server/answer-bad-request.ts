import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import { ClientConnection } from '../exchange.js';

/**
 * Answers what is not even an HTTP request, with the same error body as everything else, and closes the connection. While
 * an answer to an earlier request is owed, that is the only answer.
 */
export function answerBadRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && ClientConnection.of(socket).isBodyStreamed) return;
  const failure = failureOf(error);
  if (ClientConnection.of(socket).fail(failure)) writeError(failure, socket);
}

/** Answers CONNECT, with which a caller takes the service for a proxy. */
export function answerConnect(socket: Socket): void {
  // Node has taken its own listener away.
  socket.on('error', () => socket.destroy());
  const failure = new AppError(
    'METHOD_NOT_ALLOWED',
    'This service is no proxy',
    { allowed: [] },
    { Allow: '' },
  );
  if (ClientConnection.of(socket).fail(failure)) writeError(failure, socket);
}

/** Writes an error to a connection on which no answer is owed, and closes it. */
function writeError(error: AppError, socket: Socket): void {
  const body = JSON.stringify(error.toBody());
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'X-Request-Id': randomUUID(),
    'Content-Length': Buffer.byteLength(body),
    ...error.headers,
    Connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (socket.writable)
    socket.end(`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${head.join('')}\r\n${body}`);
  socket.destroySoon();
}

function failureOf({ code }: NodeJS.ErrnoException): AppError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('REQUEST_TIMEOUT', 'The request did not arrive in time');
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('HEADERS_TOO_LARGE', 'The request headers are too large');
    default:
      return invalid([{ path: '', message: 'the request is not well-formed HTTP' }]);
  }
}
