// What this package offers.
export { createClient, ControlClient } from './create-client.js';
export type { ClientOptions, Target } from './http/transport.js';
export {
  ApiError,
  ConnectionError,
  CutOffError,
  UnexpectedAnswerError,
  hasOutcome,
  isApiError,
  isClientNotFound,
  isOutcomeUnknown,
  type ErrorBody,
} from './errors/api-error.js';
export { BulkCall, type BulkOptions, type Work } from './bulk/bulk-call.js';
export type { Action, ItemOutcome, Operation, Selection, SelectionWork, Summary } from './bulk/operation.js';
export { ClientList, type ClientQuery, type ListEnd, type Whereabouts } from './clients/client-list.js';
export type { ListenOptions, StreamState } from './events/event-stream.js';
export type {
  ActionTaken,
  BrokerStateChanged,
  ClientConnected,
  ClientDisconnected,
  EventGap,
  EventType,
  ServiceEvent,
} from './events/service-event.js';
export type * from './generated/types.gen.js';
