import { ROOT } from './settings.js';
import { refusal, token } from './session.js';

/** What the API answers when it refuses: its own words, and facts for programs. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly info: Readonly<Record<string, unknown>>;
  /** Seconds after which to ask again, where the API says so. */
  readonly retryAfter: number | undefined;

  constructor(
    answer: { message: string; code: string; status: number; info?: Record<string, unknown> },
    retryAfter?: number,
  ) {
    super(answer.message);
    this.code = answer.code;
    this.status = answer.status;
    this.info = answer.info ?? {};
    this.retryAfter = retryAfter;
  }
}

export interface ProjectInfo {
  readonly id: string;
  readonly name: string;
}

export interface CallerInfo {
  readonly name: string;
  readonly kind: 'token' | 'jwt';
  readonly grants: readonly {
    readonly project: string;
    readonly role: 'viewer' | 'editor' | 'admin';
    readonly brokers?: readonly string[];
  }[];
}

export interface Call {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One call of the API, as the signed-in caller. @throws {ApiError} */
export async function send(path: string, call: Call = {}): Promise<Response> {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined && value !== '') search.set(key, String(value));
  }
  const asked = token.value;
  const response = await fetch(`${ROOT}${path.slice(1)}${search.size === 0 ? '' : `?${search.toString()}`}`, {
    method: call.method ?? 'GET',
    headers: {
      ...(asked === undefined ? {} : { Authorization: `Bearer ${asked}` }),
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...call.headers,
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    cache: 'no-store',
  }).catch((cause: unknown) => {
    if (call.signal?.aborted === true) throw cause;
    throw new ApiError({ message: 'The service does not answer.', code: 'SERVICE_UNREACHABLE', status: 0 });
  });
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.status === 401 && token.value === asked) refusal.value = error.message;
  throw error;
}

/** The same, with the JSON of the answer. @throws {ApiError} */
export async function json<T>(path: string, call?: Call): Promise<T> {
  const response = await send(path, call);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function errorOf(response: Response): Promise<ApiError> {
  const answer: unknown = await response.json().catch(() => undefined);
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
  if (typeof answer === 'object' && answer !== null && 'code' in answer && 'message' in answer) {
    return new ApiError(
      {
        message: String(answer.message),
        code: String(answer.code),
        status: response.status,
        info: infoOf(answer),
      },
      retryAfter,
    );
  }
  return new ApiError(
    { message: response.statusText, code: 'NO_API_ANSWER', status: response.status },
    retryAfter,
  );
}

function infoOf(answer: object): Record<string, unknown> {
  return 'info' in answer && typeof answer.info === 'object' ? { ...answer.info } : {};
}

/** The one place where the console calls the API. */
export const api = {
  caller: (): Promise<CallerInfo> => json('/api/caller'),
  projects: (): Promise<ProjectInfo[]> => json('/api/projects'),
};
