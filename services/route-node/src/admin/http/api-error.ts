import { API_ERRORS, type ApiErrorCode } from '@route/admin-api';
import { errorText } from '@route/redis';

/** A refused request; the message names the given and the expected value. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;

  constructor(code: ApiErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  get status(): number {
    return API_ERRORS[this.code];
  }
}

/** Rejects a request whose answer is in Redis, with the reason of a failed read. */
export function redisAway(error: unknown): never {
  const reason = errorText(error);
  throw new ApiError('redis-away', `Redis does not answer (${reason}): expected it to`);
}
