import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';

/** Answers what is not even an HTTP request, with the same error body as everything else, and closes the connection. */
export function answerBadRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, ...answer } = toAppError(error);
  const body = JSON.stringify({ ...answer, status });
  if (socket.writable) {
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `X-Request-Id: ${randomUUID()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

function toAppError({ code }: NodeJS.ErrnoException): ReturnType<AppError['toBody']> {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('REQUEST_TIMEOUT', 'The request did not arrive in time').toBody();
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('HEADERS_TOO_LARGE', 'The request headers are too large').toBody();
    default:
      return invalid([{ path: '', message: 'the request is not well-formed HTTP' }]).toBody();
  }
}
