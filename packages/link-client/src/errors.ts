/** Errors of a RouteClient. */
export const ROUTE_CLIENT_ERRORS = {
  'bad-option': 'an option cannot be used; the message names it',
  'no-link': 'no link is up, so the query cannot be sent',
  'link-lost': 'the link was lost before the answer arrived',
  'query-timed-out': 'no answer arrived in time',
  'too-many-queries': 'all 65,535 sequence numbers wait for answers',
  closed: 'the client is closed',
} as const;

/** One of {@link ROUTE_CLIENT_ERRORS}. */
export type RouteClientErrorCode = keyof typeof ROUTE_CLIENT_ERRORS;

/** An error of this package, with a stable `code`. */
export class RouteClientError extends Error {
  override readonly name = 'RouteClientError';
  readonly code: RouteClientErrorCode;

  constructor(code: RouteClientErrorCode, message: string = ROUTE_CLIENT_ERRORS[code]) {
    super(message);
    this.code = code;
  }
}
