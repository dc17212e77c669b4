/** What a caller needs to know about one error code: its HTTP status, when it occurs, and an example body. */
export interface ErrorCodeEntry {
  readonly status: number;
  /** When this code is answered, one sentence, shown in the OpenAPI document. */
  readonly when: string;
  /** Example of `message`. */
  readonly message: string;
  /** Example of `info`; absent where the code carries none. */
  readonly info?: Readonly<Record<string, unknown>>;
}

/**
 * Every error code of the REST API. The exception filter takes the status from here and the OpenAPI document
 * its descriptions and examples, so the two cannot drift apart.
 *
 * Source: the error table of the REST contract (Client Control API of Mosquitto 3.0 plus this project's own codes).
 */
export const ERROR_CODES = {
  INVALID: {
    status: 400,
    when: 'The path, query or body does not validate, or the body is not JSON. `info.issues` lists every problem.',
    message: 'The request is not valid: clientid must not be empty',
    info: { issues: [{ path: 'clientid', message: 'must not be empty' }] },
  },
  UNAUTHORIZED: {
    status: 401,
    when: 'The credentials are missing, malformed, unknown or expired.',
    message: 'A valid bearer token is required',
    info: { reason: 'missing' },
  },
  NOT_ALLOWED: {
    status: 403,
    when: 'The caller has no grant that covers the project, the broker and the role, whether they exist or not.',
    message: 'You need the role editor here',
    info: { required: { role: 'editor', project: 'demo', broker: 'embedded' } },
  },
  HOST_NOT_ALLOWED: {
    status: 403,
    when: 'The service does not go by the name in the `Host` header, or the calling page is of another one (`Origin`): see `http.allowedHosts`.',
    message: 'The service does not go by the name in Host; see http.allowedHosts',
    info: { header: 'Host' },
  },
  SELF_DISCONNECT: {
    status: 403,
    when: "The client id is a control connection: this service's own (whichever project, replica or configuration entry it belongs to), or that of somebody else who may command the broker.",
    message: 'This client id is a control connection, which this service leaves alone',
  },
  PROJECT_NOT_FOUND: {
    status: 404,
    when: 'No such project is configured.',
    message: 'There is no project with the id plant-z',
    info: { project: 'plant-z' },
  },
  BROKER_NOT_FOUND: {
    status: 404,
    when: 'The project has no such broker.',
    message: 'There is no broker with the id line-9 in this project',
    info: { broker: 'line-9' },
  },
  CLIENT_NOT_FOUND: {
    status: 404,
    when: 'The broker knows no client with this id.',
    message: 'The broker knows no client with this id',
    info: { clientid: 'sensor-99' },
  },
  CLIENT_NOT_CONNECTED: {
    status: 404,
    when: 'The broker keeps a session of this client, but the client is not connected. Only where the broker can tell; else `CLIENT_NOT_FOUND` or success.',
    message: 'The broker has a session of this client, but the client is not connected',
    info: { clientid: 'sensor-99' },
  },
  BAN_NOT_FOUND: {
    status: 404,
    when: 'The broker has no such ban.',
    message: 'The broker has no such ban',
  },
  STANDING_SUBSCRIPTION_NOT_FOUND: {
    status: 404,
    when: 'The broker has no standing subscription of this name.',
    message: 'The broker has no such standing subscription',
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    when: 'There is no such path.',
    message: 'There is nothing at this path',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    when: 'The path exists for other methods, which the `Allow` header lists.',
    message: 'This path does not take POST',
    info: { allowed: ['PUT'] },
  },
  REQUEST_TIMEOUT: {
    status: 408,
    when: 'The request did not arrive completely in time.',
    message: 'The request did not arrive in time',
  },
  BAN_TOO_WIDE: {
    status: 409,
    when: 'The ban would keep everybody out.',
    message: 'The ban would keep everybody out',
  },
  CLIENT_RECONNECTED: {
    status: 412,
    when: 'The client has connected again since `ifConnectedSince`; nothing was done to its new connection.',
    message: 'The client has connected again since then',
    info: { lastConnect: 1795435200000 },
  },
  SELECTION_CHANGED: {
    status: 409,
    when: 'The clients that are selected are not as many as `expectCount`, or not those of `selection`; nothing was done.',
    message: 'The selection has 201 clients, not 200',
    info: { count: 201, selection: 'f6d3a9c0b1e24d5788a0c3e2b4f61d90' },
  },
  IDEMPOTENCY_KEY_IN_USE: {
    status: 409,
    when: 'A call with this `Idempotency-Key` is being carried out, or was when its replica stopped.',
    message: 'A call with this Idempotency-Key has not ended',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    when: 'The body is larger than the configured limit.',
    message: 'The body is larger than 262144 bytes',
    info: { limit: 262144 },
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    when: 'The body is not `application/json`.',
    message: 'Send the body as application/json',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    when: 'There was a call with this `Idempotency-Key` and another body within the last 24 hours.',
    message: 'This Idempotency-Key belongs to a call with another body',
  },
  PREVIOUS_ACTION_FAILED: {
    status: 424,
    when: 'Of an item of a call for many clients: what was to be done to the client before did not succeed, so this was not sent.',
    message: 'What was to be done to this client before did not succeed',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    when: 'The rate limit is used up; `Retry-After` tells when to come back.',
    message: 'Too many requests; try again in 12 s',
    info: { retryAfterSeconds: 12 },
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    when: 'The request headers are larger than the server reads.',
    message: 'The request headers are too large',
  },
  INTERNAL_ERROR: {
    status: 500,
    when: 'Something unforeseen; the log has the details under the request id.',
    message: 'Something went wrong; the log has the details',
    info: { requestId: '0b3e5f0e-9d3c-4c43-a6c8-3a6e6f6f0d3e' },
  },
  CLIENT_CONTROL_NOT_AVAILABLE: {
    status: 501,
    when: 'The broker says that it has no such control endpoint (`reason` is `unavailable`), or did not answer when it was asked after the connect (`silent`; asked again at least every 30 s).',
    message: 'The broker has no such control endpoint',
    info: { topic: '$CONTROL/cedalo/client-control/v1', reason: 'unavailable' },
  },
  NOT_SUPPORTED_BY_BROKER: {
    status: 501,
    when: 'This broker, or this version of it, cannot do that.',
    message: 'This broker cannot do that: ifConnectedSince',
    info: { feature: 'ifConnectedSince' },
  },
  AUDIT_NOT_AVAILABLE: {
    status: 501,
    when: 'The audit trail goes to the log, or to a file that this service cannot read.',
    message: 'The audit trail goes to the log, where this service cannot read it',
  },
  BROKER_ERROR: {
    status: 502,
    when: 'The broker answered the command with an error, or with something that is no valid answer.',
    message: 'The broker answered with an error',
    info: { brokerError: 'Invalid/missing topic' },
  },
  BROKER_DENIED: {
    status: 502,
    when: "The broker refused this service's login, its publish or its subscription.",
    message: "The broker refused this service's login",
    info: { reasonCode: 135 },
  },
  BROKER_UNAVAILABLE: {
    status: 503,
    when: 'The broker is not connected, or the connection was lost before the answer came. `info.outcome` tells whether the command can have been executed.',
    message: 'The broker is not connected',
    info: { outcome: 'not-sent' },
  },
  BROKER_BUSY: {
    status: 503,
    when: 'Too many commands are waiting for this broker.',
    message: 'Too many commands are waiting for this broker',
    info: { limit: 10000 },
  },
  SELECTION_INCOMPLETE: {
    status: 503,
    when: 'Not all brokers told which clients match, and the call does not say `partial`; nothing was done.',
    message: 'Not all brokers answered; nothing was done',
    info: {
      notAnswered: [
        {
          project: 'demo',
          broker: 'line-2',
          code: 'BROKER_UNAVAILABLE',
          message: 'The broker is not connected',
        },
      ],
    },
  },
  IDEMPOTENCY_STORE_UNAVAILABLE: {
    status: 503,
    when: 'The call has an `Idempotency-Key`, and Redis, which keeps them, does not answer; nothing was done.',
    message: 'Idempotency keys cannot be kept at the moment; nothing was done',
  },
  SHUTTING_DOWN: {
    status: 503,
    when: 'The service is draining and takes no new work.',
    message: 'The service is shutting down',
  },
  AUDIT_STORE_UNAVAILABLE: {
    status: 503,
    when: 'The database of the audit trail does not answer, or not in time.',
    message: 'The database of the audit trail does not answer',
  },
  IDENTITY_PROVIDER_UNAVAILABLE: {
    status: 503,
    when: "The identity provider's keys cannot be fetched, so a JWT can be neither accepted nor rejected.",
    message: "The identity provider's keys cannot be fetched",
  },
  BROKER_TIMEOUT: {
    status: 504,
    when: 'The broker did not answer in time. `info.outcome` tells whether the command can have been executed.',
    message: 'The broker did not answer in time',
    info: { outcome: 'unknown', timeoutMs: 5000 },
  },
} as const satisfies Record<string, ErrorCodeEntry>;

/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
