import type { Logger } from 'pino';
import type { Exchange } from '../http/exchange.js';
import { flatLogger } from './flat-logger.js';
import { readTraceParent } from './trace-parent.js';

/** Longest path, name or id in a line, characters: they come from whoever calls. */
const MAX_FIELD = 1024;

/** Writes one line for each request that has ended: who did what to which client, with what outcome, in how many milliseconds. */
export class RequestLog {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    // The line holds named fields only, none of them a credential: there is nothing to search for in every one of them.
    this.#logger = flatLogger(logger.child({}, { redact: [] }));
  }

  write({ request, reply, isCallerGone }: Exchange): void {
    const { record } = request;
    // Probes and scrapes come every few seconds, and say something only when they fail.
    const level = isRoutine(request.url) && reply.statusCode < 400 ? 'debug' : 'info';
    if (!this.#logger.isLevelEnabled(level)) return;
    const trace = readTraceParent(request.headers.traceparent);
    this.#logger[level](
      {
        requestId: request.id,
        traceId: trace?.traceId,
        spanId: trace?.spanId,
        method: request.method,
        path: pathOf(request.url),
        status: reply.statusCode,
        caller: bounded(record.caller?.name),
        callerKind: record.audited && record.caller?.kind,
        callerIssuer: record.audited && record.caller?.issuer,
        address: record.audited?.address,
        project: record.project,
        broker: record.broker,
        action: record.action,
        clientId: bounded(record.clientId),
        topic: bounded(record.topic),
        outcome: record.errorCode ?? 'OK',
        refusal: record.refusal,
        outcomeDetail: record.outcomeDetail,
        callerGone: isCallerGone || undefined,
        durationMs: Math.round((performance.now() - record.startedAt) * 1000) / 1000,
      },
      'request',
    );
  }
}

const isRoutine = (url: string): boolean => url.startsWith('/health/') || url === '/metrics';

/** Without the query, which could hold what does not belong into a log. */
function pathOf(url: string): string {
  const end = url.indexOf('?');
  return url.slice(0, Math.min(end < 0 ? url.length : end, MAX_FIELD));
}

function bounded(text: string | undefined): string | undefined {
  return text !== undefined && text.length > MAX_FIELD ? `${text.slice(0, MAX_FIELD)}…` : text;
}
