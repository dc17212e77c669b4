import { ApiError, UnexpectedAnswerError } from '../errors/api-error.js';
import { pause } from '../http/pause.js';
import { textOf } from '../http/read-lines.js';
import { queryString, targetPath, type Target, type Transport } from '../http/transport.js';
import { backOffMs } from './back-off.js';
import { toServiceEvent, type EventType, type ServiceEvent } from './service-event.js';
import { SseParser } from './sse-parser.js';

/** How a stream of events is doing. */
export type StreamState =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** The connection was lost, or could not be made; the next try is after `retryMs`. */
  | { readonly state: 'waiting'; readonly retryMs: number; readonly error: unknown };

/** What to listen to, and how. */
export interface ListenOptions {
  /** Only events about clients whose id matches: `*` any characters, `?` one. */
  readonly clientid?: string;
  /** Only these. */
  readonly types?: readonly EventType[];
  /** Where to go on: the `id` of the last event that is known. */
  readonly lastEventId?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Told whenever the connection comes or goes. */
  readonly onState?: (state: StreamState) => void;
}

/** A comment comes every 15 s: after this long without anything the connection is dead. */
const SILENCE_MS = 45_000;

/**
 * Events as they happen, for as long as one listens: comes back by itself when the connection is lost, and goes on where it
 * was. Whatever was missed is told by a `gap`. Read no faster than it is read; a reader that is far behind gets a `gap`.
 *
 * @throws {ApiError} when the service refuses and trying again would not help: the token, the rights, the names
 * @example for await (const event of client.events({ projectId: 'demo' })) console.log(event.type);
 */
export async function* listen(
  transport: Transport,
  target: Target,
  { clientid, types, signal, onState = () => undefined, lastEventId }: ListenOptions = {},
): AsyncGenerator<ServiceEvent, void> {
  const path = `${targetPath(target)}/events${queryString({ clientid, type: types?.join(',') })}`;
  let lastId = lastEventId;
  let attempt = 0;
  let wasOpen = false;
  let wasRefused = false;
  while (!isOver(signal)) {
    const abort = new AbortController();
    const parser = new SseParser();
    const end = (): void => abort.abort();
    signal?.addEventListener('abort', end, { once: true });
    let failure: unknown;
    let watch: ReturnType<typeof setTimeout> | undefined;
    const stillThere = (): void => {
      clearTimeout(watch);
      watch = setTimeout(end, SILENCE_MS);
    };
    try {
      onState({ state: 'connecting' });
      stillThere();
      const response = await transport.open(path, {
        signal: abort.signal,
        headers: { Accept: 'text/event-stream', ...(lastId !== undefined && { 'Last-Event-ID': lastId }) },
      });
      if (response.headers.get('Content-Type')?.startsWith('text/event-stream') !== true)
        throw new UnexpectedAnswerError(
          'The answer is no stream of events: is the address right?',
          response.status,
        );
      wasRefused = false;
      onState({ state: 'open' });
      // Without a place to resume from, nobody knows what happened in between.
      if (wasOpen && lastId === undefined) yield gap();
      wasOpen = true;
      for await (const text of textOf(response, abort.signal)) {
        stillThere();
        for (const { event: type, data, id } of parser.push(text)) {
          const event = toServiceEvent(type, data, id);
          if (event === undefined) continue;
          if (id !== undefined) lastId = id;
          attempt = 0;
          // A stream begins with the states of the brokers, asked for or not.
          if (event.type !== 'gap' && types?.includes(event.type) === false) continue;
          clearTimeout(watch);
          yield event;
          stillThere();
        }
      }
    } catch (error) {
      failure = error;
    } finally {
      clearTimeout(watch);
      signal?.removeEventListener('abort', end);
      abort.abort();
    }
    if (isOver(signal)) return;
    // A token that has just expired is replaced by whoever gives it: one more try.
    const isRefused: boolean = failure instanceof ApiError && failure.code === 'UNAUTHORIZED' && !wasRefused;
    wasRefused = isRefused;
    if (!isRefused && !isWorthTrying(failure)) throw failure;
    const asked = failure instanceof ApiError ? failure.retryAfterMs : undefined;
    const retryMs = isRefused ? 0 : Math.max(asked ?? 0, backOffMs(attempt++, parser.retryMs));
    onState({ state: 'waiting', retryMs, error: failure });
    await pause(retryMs, signal);
  }
}

function isOver(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function isWorthTrying(failure: unknown): boolean {
  if (failure instanceof ApiError) return failure.status === 429 || failure.status >= 500;
  if (failure instanceof UnexpectedAnswerError) return failure.status >= 500;
  // The end of the stream, a lost connection, silence.
  return true;
}

function gap(): ServiceEvent {
  return { type: 'gap', time: new Date().toISOString(), missed: null, why: 'the connection was lost' };
}
