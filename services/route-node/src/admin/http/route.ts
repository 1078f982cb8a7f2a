import type { MessageStream } from '../streams/message-stream.ts';

/** A request as a route sees it: parsed, and allowed where that matters. */
export interface ApiRequest {
  /** The values of the path's `:names`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The answer of a route. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly body: object }
  /** A body with all its headers; no body where the client has it already. */
  | {
      readonly kind: 'file';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer | undefined;
    }
  /**
   * An endless stream. `start` returns a function that stops it when the client has disconnected.
   */
  | { readonly kind: 'stream'; readonly start: (stream: MessageStream) => () => void };

/** Requests of monitoring and load balancers. */
export type ProbeKind = 'health' | 'metrics';

/** One route of the admin port. A POST changes state, and needs the token. */
export interface Route {
  /** Monitoring and load balancers ask it, under any name. */
  readonly probe?: ProbeKind;
  readonly method: 'GET' | 'POST';
  /** Segments that begin with a colon take any value. */
  readonly path: string;
  handle(request: ApiRequest): Answer | Promise<Answer>;
}

/** An answer in JSON. */
export function json(body: object, status = 200): Answer {
  return { kind: 'json', status, body };
}

/** Values of a pattern's `:names` in a path; undefined if it does not match. @throws URIError */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split('/');
  const given = path.split('/');
  if (expected.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of expected.entries()) {
    const value = given[i] ?? '';
    if (part.startsWith(':') && value !== '') params[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return params;
}
