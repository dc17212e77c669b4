import { ERROR_CODES } from '../../../src/errors/error-codes.js';
import type { LaneAnswer } from './http-lane.js';

/**
 * What an answer tells its caller about the command: `done`; `refused` by the service itself, or `not-sent`, both of
 * which mean that the broker never gets it; `rejected`: the broker got it and did not do it; `unknown`: it may have.
 */
export type Meaning = 'done' | 'refused' | 'not-sent' | 'rejected' | 'unknown';

/** The broker got the command, and what it is about is not there. */
const NOT_THERE = new Set(['CLIENT_NOT_FOUND', 'BAN_NOT_FOUND', 'STANDING_SUBSCRIPTION_NOT_FOUND']);

/** Reads an answer to a control request. */
export function meaningOf({ status, body }: LaneAnswer): Meaning {
  if (status === 200 || status === 204) return 'done';
  const { code, info } = body as {
    readonly code?: string;
    readonly info?: { readonly outcome?: string; readonly reason?: string };
  };
  if (code !== undefined && NOT_THERE.has(code)) return 'rejected';
  if (status >= 400 && status < 500) return 'refused';
  if (code === 'BROKER_BUSY' || code === 'SHUTTING_DOWN' || info?.outcome === 'not-sent') return 'not-sent';
  // Known to be silent: nothing was sent.
  if (code === 'CLIENT_CONTROL_NOT_AVAILABLE' && info?.reason === 'silent') return 'not-sent';
  return 'unknown';
}

/** What is wrong with an answer as such: a success of another shape, or an error body that is not the contract's. */
export function answerProblem({ status, headers, body }: LaneAnswer): string | undefined {
  if (status === 204) return body === undefined ? undefined : 'got a 204 with a body';
  if (headers['content-type']?.startsWith('application/json') !== true)
    return `got a ${status} that is not JSON`;
  if (status < 400) return undefined;
  return errorBodyProblem(status, body);
}

const ERROR_KEYS = new Set(['message', 'code', 'status', 'info']);

/** What is wrong with an error body; undefined if it is the one body that every error has. */
export function errorBodyProblem(status: number, body: unknown): string | undefined {
  const what = `got a ${status} with the body ${describe(body)}`;
  if (typeof body !== 'object' || body === null) return what;
  const { message, code, status: told, info } = body as Readonly<Record<string, unknown>>;
  const entry = Object.entries(ERROR_CODES).find(([name]) => name === code)?.[1];
  const isGood =
    typeof message === 'string' &&
    message !== '' &&
    entry?.status === status &&
    told === status &&
    (info === undefined || (typeof info === 'object' && info !== null && !Array.isArray(info))) &&
    Object.keys(body).every((key) => ERROR_KEYS.has(key));
  return isGood ? undefined : what;
}

function describe(body: unknown): string {
  return body === undefined ? 'of no bytes' : JSON.stringify(body).slice(0, 200);
}

/** An answer's status, code and outcome, for counting. */
export function outcomeOf(answer: LaneAnswer): string {
  const { status, body } = answer;
  if (status < 400 || body === undefined) return String(status);
  const { code, info } = body as { readonly code?: string; readonly info?: { readonly outcome?: string } };
  const isSilent = status === 501 && meaningOf(answer) === 'not-sent';
  const outcome = isSilent ? 'not-sent' : info?.outcome;
  return `${status} ${code ?? '?'}${outcome === undefined ? '' : ` ${outcome}`}`;
}
