import type { ErrorResponse } from '../generated/types.gen.js';
import { ApiError, ConnectionError, CutOffError, UnexpectedAnswerError } from './api-error.js';

/** The error that a refusing answer stands for. @param body its parsed JSON, or its text */
export function errorOfAnswer(response: Response, body: unknown): ApiError | UnexpectedAnswerError {
  if (isErrorResponse(body)) return new ApiError(body, response.headers);
  return new UnexpectedAnswerError(
    `The answer ${response.status} is not one of this service: is the address right?`,
    response.status,
  );
}

/** The error of an answer whose body has not been read yet. */
export async function readErrorAnswer(response: Response): Promise<ApiError | UnexpectedAnswerError> {
  const text = await response.text().catch(() => '');
  try {
    return errorOfAnswer(response, JSON.parse(text));
  } catch {
    return errorOfAnswer(response, text);
  }
}

function isErrorResponse(body: unknown): body is ErrorResponse {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'message' in body &&
    typeof body.message === 'string' &&
    'status' in body &&
    typeof body.status === 'number'
  );
}

/** System errors after which nothing can have reached the service. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EACCES',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/**
 * What `fetch`, or reading its answer, threw: as one of this package's errors. Aborts, and our own errors, stay as they are.
 */
export function errorOfFetch(error: unknown): unknown {
  if (isNamed(error, 'SyntaxError')) return new UnexpectedAnswerError('The answer is not valid JSON', 200);
  if (!isNamed(error, 'TypeError')) return error;
  const reasons = reasonsOf(error);
  const isSent = !reasons.some(({ code }) => code !== undefined && NEVER_SENT.has(code));
  const words = reasons.map(({ message }) => message).filter((message) => message !== '');
  return new ConnectionError(
    `The service cannot be reached: ${words.at(-1) ?? 'no reason is given'}`,
    isSent,
    error,
  );
}

/** Reading a stream failed halfway. */
export function errorOfStream(error: unknown): unknown {
  return isNamed(error, 'TypeError') ? new CutOffError(error) : error;
}

interface Reason {
  readonly code: string | undefined;
  readonly message: string;
}

/** An error, what caused it, and so on. */
function reasonsOf(error: unknown, depth = 0): Reason[] {
  if (typeof error !== 'object' || error === null || depth > 4) return [];
  const { code, message, errors, cause } = error as Readonly<Record<string, unknown>>;
  const reason = {
    code: typeof code === 'string' ? code : undefined,
    message: typeof message === 'string' ? message : '',
  };
  // Node gives one error for each address that it tried.
  return [reason, ...reasonsOf(Array.isArray(errors) ? errors[0] : cause, depth + 1)];
}

/** By name: what a platform throws may belong to another realm, where `instanceof` says no. */
function isNamed(error: unknown, name: 'TypeError' | 'SyntaxError'): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === name;
}
