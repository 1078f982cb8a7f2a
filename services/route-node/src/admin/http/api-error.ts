import { API_ERRORS, type ApiErrorCode } from '@route/admin-api';

/** A request that is refused; the message names what was given and what was expected. */
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
