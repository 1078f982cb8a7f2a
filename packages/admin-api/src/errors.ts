import { z } from 'zod';

/** Reasons of a refusal: a stable code, and its HTTP status. */
export const API_ERRORS = {
  'bad-request': 400,
  'token-missing': 401,
  'token-wrong': 401,
  'token-not-configured': 403,
  'host-refused': 403,
  'site-refused': 403,
  'bodies-not-allowed': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-possible': 409,
  'body-too-large': 413,
  failed: 500,
  'node-away': 502,
  'redis-away': 503,
} as const;

export type ApiErrorCode = keyof typeof API_ERRORS;

/** The body of every answer that is no success. */
export const ErrorView = z.object({
  /** One of {@link API_ERRORS}; a later version may have others. */
  code: z.string(),
  /** The given and the expected value. */
  error: z.string(),
});
export type ErrorView = z.infer<typeof ErrorView>;
