import { AppError } from '../errors/app-error.js';
import type { Requirement } from './caller.js';

/** Makes the 403 error; `info.required` tells what grant would do. */
export function notAllowed(required: Requirement): AppError {
  return new AppError('NOT_ALLOWED', `You need the role ${required.role} here`, { required });
}
