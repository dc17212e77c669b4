import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../errors/app-error.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for every request before anything else runs. */
    exchange: Exchange;
  }
}

/** One request and its answer, from the request's arrival until nothing of the answer can be sent any more. */
export class Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Its neighbours among the open ones of its connection, which keeps them. */
  before: Exchange | undefined;
  after: Exchange | undefined;
  readonly #connection: ClientConnection;
  readonly #onEnd: (exchange: Exchange) => void;
  #hasAnswer = false;
  #hasLeft = false;
  #hasEnded = false;

  /**
   * @param onEnd called exactly once, whatever the socket does: when the answer is known and has left, or cannot leave
   *   any more. A command whose caller has gone ends when its outcome is known
   */
  constructor(request: FastifyRequest, reply: FastifyReply, onEnd: (exchange: Exchange) => void) {
    this.request = request;
    this.reply = reply;
    this.#onEnd = onEnd;
    this.#connection = ClientConnection.of(request.raw.socket);
    this.#connection.add(this);
    reply.raw.on('close', () => this.noteLeft());
  }

  /** Whether the caller has gone, or was cut off, before all of the answer had left. */
  get isCallerGone(): boolean {
    return !this.reply.raw.writableFinished;
  }

  /** The answer has its final status and is about to be sent. */
  noteAnswer(): void {
    this.#hasAnswer = true;
    if (this.#hasLeft) this.#end();
  }

  /** Nothing more of the answer can be sent. */
  noteLeft(): void {
    this.#hasLeft = true;
    // What was written to the socket directly has an answer, too.
    if (this.#hasAnswer || this.reply.raw.headersSent) this.#end();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#connection.remove(this);
    this.#onEnd(this);
  }
}

/**
 * A caller's connection and the exchanges on it that have not ended, in the order of their requests.
 *
 * Node emits `close` only for the answer whose turn it is: of pipelined requests, those behind it never hear that the
 * connection is gone. Here all of them do.
 */
export class ClientConnection {
  static readonly #all = new WeakMap<Socket, ClientConnection>();

  readonly #socket: Socket;
  /** The latest of those that are open; each knows the one before. */
  #open: Exchange | undefined;
  /**
   * The request that came last, as long as something may still happen to it: kept until the next one comes, each idle
   * connection would hold a request with all that belongs to it.
   */
  #latest: IncomingMessage | undefined;
  /** Whether the body that is arriving is read as it comes, and so has no deadline of its own. */
  isBodyStreamed = false;
  #failure: AppError | undefined;
  #onFailure: ((failure: AppError) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.once('close', () => {
      for (const exchange of this.#listOpen()) exchange.noteLeft();
    });
  }

  static of(socket: Socket): ClientConnection {
    let connection = this.#all.get(socket);
    if (connection === undefined) this.#all.set(socket, (connection = new ClientConnection(socket)));
    return connection;
  }

  add(exchange: Exchange): void {
    exchange.before = this.#open;
    if (this.#open !== undefined) this.#open.after = exchange;
    this.#open = exchange;
    this.#latest = exchange.request.raw;
  }

  remove(exchange: Exchange): void {
    const { before, after } = exchange;
    if (before !== undefined) before.after = after;
    if (after !== undefined) after.before = before;
    else this.#open = before;
    exchange.before = undefined;
    exchange.after = undefined;
    const { raw } = exchange.request;
    if (raw === this.#latest && raw.complete) {
      this.#latest = undefined;
      this.#onFailure = undefined;
    }
    if (this.#failure !== undefined && this.#open === undefined) this.#socket.destroySoon();
  }

  /**
   * Takes note that what came next on the connection cannot be read as HTTP, or did not come in time.
   *
   * While answers are owed, nothing else may answer: they leave first, and then the connection closes. If it is the
   * body of the latest request that cannot be read, that request fails with `failure`.
   *
   * @returns whether no answer is owed, so that `failure` may be written to the socket as it is
   */
  fail(failure: AppError): boolean {
    if (this.#failure !== undefined) return false;
    this.#failure = failure;
    const isInBody = this.#latest?.complete === false;
    if (isInBody) this.#onFailure?.(failure);
    if (this.#open !== undefined) {
      this.#socket.pause();
      return false;
    }
    // It had its answer before all of its body had come; a second one would be taken for the next request's.
    if (isInBody) this.#socket.destroySoon();
    return !isInBody;
  }

  /** In the order of their requests. */
  #listOpen(): Exchange[] {
    const list: Exchange[] = [];
    for (let each = this.#open; each !== undefined; each = each.before) list.unshift(each);
    return list;
  }

  /** Calls `listener` if the body that is arriving now turns out to be unreadable; at once if it already has. */
  onBodyFailure(listener: (failure: AppError) => void): void {
    this.#onFailure = listener;
    if (this.#failure !== undefined) listener(this.#failure);
  }
}
