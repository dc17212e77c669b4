import { endpointNotAvailable, invalidAnswer, type GatewayError } from '../gateway-error.js';
import type { BrokerObserver } from '../gateway-observer.js';
import { commandFailure, isNotAuthorized } from '../protocol/command-failure.js';
import { CONTROL_APIS, type ControlApi } from '../protocol/control-api.js';
import {
  decodeMessage,
  type ControlCommand,
  type ControlReply,
  type EventBatch,
} from '../protocol/control-protocol.js';
import type { ApiSurvey } from './api-survey.js';
import type { ClientStats } from './client-stats.js';
import type { ControlRequest } from './control-request.js';
import type { MessageSender } from './message-sender.js';
import type { RequestTable } from './request-table.js';

/** What a {@link ReplyReader} works with. */
export interface ReaderParts {
  readonly table: RequestTable;
  readonly sender: MessageSender;
  readonly survey: ApiSurvey;
  readonly stats: ClientStats;
  readonly observer: BrokerObserver;
  readonly onEvents: (events: EventBatch) => void;
}

/**
 * Reads what comes on the response topics, and settles the requests that are answered.
 *
 * An answer counts when it has the correlation id of a waiting request, comes on that request's API, and names its command,
 * if it names one. The first one wins. All others are counted and ignored.
 */
export class ReplyReader {
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  read(api: ControlApi, payload: Buffer, retained: boolean): void {
    this.#parts.sender.noteHeard();
    if (retained) {
      this.#parts.stats.countIgnored('retained');
      return;
    }
    const message = decodeMessage(payload);
    switch (message.kind) {
      case 'replies':
        for (const reply of message.replies) this.#onReply(api, reply);
        return;
      case 'endpoint-not-available':
        this.#onEndpointNotAvailable(api);
        return;
      case 'events':
        if (api === 'extension') this.#parts.onEvents(message.events);
        return;
      case 'malformed':
        this.#parts.stats.countIgnored('malformed');
        return;
      default:
        message satisfies never;
    }
  }

  #onReply(api: ControlApi, reply: ControlReply): void {
    const { table, stats } = this.#parts;
    const { correlationData, result } = reply;
    if (correlationData === undefined) {
      this.#onUncorrelated(api, reply);
      return;
    }
    const address = table.addressOf(correlationData);
    const request = address === undefined ? undefined : table.find(address);
    const place = address === undefined ? 0 : table.placeOf(address);
    if (request?.isOpen(place) !== true) {
      const isOurs = table.isOurs(correlationData);
      stats.countIgnored(isOurs ? 'late-or-duplicate' : 'foreign');
      // Late, but an answer.
      if (isOurs && result.kind === 'success')
        this.#parts.survey.noteLateSuccess(api, reply.command, result.data);
      return;
    }
    const asked = request.commands[place];
    if (asked === undefined || api !== request.api || !isAnswerTo(asked, reply)) {
      stats.countIgnored('mismatched');
      return;
    }
    this.#parts.sender.noteArrival(request);
    switch (result.kind) {
      case 'success':
        this.#parts.survey.apis[api].noteSuccess();
        request.succeed(result.data, place);
        return;
      case 'error':
        this.#fail(request, place, commandFailure(result.error, asked));
        return;
      case 'invalid':
        this.#fail(request, place, invalidAnswer('the answer is neither a success nor an error'));
        return;
      default:
        result satisfies never;
    }
  }

  #fail(request: ControlRequest, place: number, error: GatewayError): void {
    this.#noteFailure(request, request.commands[place], error);
    request.failOne(error, place);
  }

  #noteFailure({ api }: ControlRequest, asked: ControlCommand | undefined, error: GatewayError): void {
    const { survey, observer } = this.#parts;
    survey.apis[api].noteFailure(error);
    if (error.code === 'BROKER_DENIED') observer.onCommandDenied?.(api, asked?.command ?? '', error.message);
  }

  /**
   * The companion plugin refuses whole messages of a sender that may not command before it reads them: that answers all
   * that is in flight. Other answers without a correlation id may be another replica's.
   */
  #onUncorrelated(api: ControlApi, { result }: ControlReply): void {
    const isRefusal =
      result.kind === 'error' &&
      (result.error.code === 'NOT_AUTHORIZED' || (api === 'extension' && isNotAuthorized(result.error)));
    const refused = isRefusal ? this.#parts.table.sentTo(api) : [];
    if (!isRefusal || refused.length === 0) {
      this.#parts.stats.countIgnored('uncorrelated');
      return;
    }
    for (const request of refused) {
      this.#parts.sender.noteArrival(request);
      const [asked] = request.commands;
      const error = commandFailure(result.error, {
        command: asked?.command ?? '',
        clientid: asked?.clientid,
      });
      this.#noteFailure(request, asked, error);
      request.fail(error);
    }
  }

  #onEndpointNotAvailable(api: ControlApi): void {
    const { table, sender, survey, stats } = this.#parts;
    survey.apis[api].noteAbsence();
    const error = endpointNotAvailable(CONTROL_APIS[api].requestTopic);
    const failed = table.sentTo(api);
    if (failed.length === 0) stats.countIgnored('late-or-duplicate');
    for (const request of failed) {
      // No answer to it will come any more that could make room for the next messages.
      sender.noteArrival(request);
      request.fail(error);
    }
  }
}

/** Brokers name what they do not know themselves, such as `Unknown command`. */
const NO_COMMAND = /^unknown/i;

function isAnswerTo(asked: ControlCommand, { command }: ControlReply): boolean {
  return command === undefined || command === asked.command || NO_COMMAND.test(command);
}
