import { AppError } from '../errors/app-error.js';

/** Why credentials were not accepted. `unknown` does not tell whether the token, its signature or its audience is wrong. */
export type UnauthorizedReason = 'missing' | 'malformed' | 'unknown' | 'expired';

const MESSAGES: Readonly<Record<UnauthorizedReason, string>> = {
  missing: 'A bearer token is required',
  malformed: 'The Authorization header is not of the form "Bearer <token>"',
  unknown: 'The bearer token is not accepted',
  expired: 'The bearer token has expired',
};

/**
 * Makes the 401 error, challenge header included. Source: RFC 6750 section 3.
 *
 * @param why which check failed, for the log (as the error's `cause`) and never for the caller
 */
export function unauthorized(reason: UnauthorizedReason, why?: string): AppError {
  const challenge = reason === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"';
  return new AppError(
    'UNAUTHORIZED',
    MESSAGES[reason],
    { reason },
    { 'WWW-Authenticate': challenge },
    why === undefined ? undefined : { cause: why },
  );
}
