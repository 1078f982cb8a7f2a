import { API_ERRORS, type ApiErrorCode } from '@route/admin-api';

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
