import type { z } from 'zod';
import { CloseLinkResult, DrainResult, RebalanceResult } from './action-views.ts';
import { ErrorView } from './errors.ts';
import { ClusterView, LinksView, NodeView } from './node-views.ts';
import { TotalsView, UsersView } from './presence-views.ts';
import { EventsView, EventView, WatchMessage } from './stream-views.ts';

export interface AdminClientOptions {
  /** The node's admin port, as host:port. */
  readonly address: string;
  /** The node's id, where known: another node at the address receives no change. */
  readonly node?: string;
  /** ROUTE_ADMIN_TOKEN of the node; sent only where needed: changes of state, and monitoring. */
  readonly token?: string;
  /** Why the token is not for this address: reported where it would be needed. */
  readonly withheld?: string;
  /** How long an answer may take, in ms. Default 3000. */
  readonly timeoutMs?: number;
  /** A longer answer is not read to its end. Default 256 Mi. */
  readonly maxAnswerCharacters?: number;
}

/** Increased when a client of the previous version could misread an answer; not for new fields. */
export const API_VERSION = 1;

/** The header of every answer with {@link API_VERSION}. */
export const API_VERSION_HEADER = 'route-api-version';

/** No node answers more; a longer message of a stream is not read to its end either. */
const MAX_ANSWER_CHARACTERS = 256 * 1024 * 1024;
const MAX_MESSAGE_CHARACTERS = 1024 * 1024;

interface Request {
  readonly method: 'GET' | 'POST';
  readonly signal: AbortSignal;
  readonly withToken: boolean;
}

/** The node answered that it will not: `code` is one of API_ERRORS. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly status: number;
  readonly code: string;

  constructor({ status, code, message }: { status: number; code: string; message: string }) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Nothing at the address answered, or nothing that is a node's admin port. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** Filters of the PDU monitor. */
export interface WatchOptions {
  readonly commands?: readonly string[];
  readonly link?: string;
  /** Maximum PDUs per second; others are only counted. */
  readonly rate?: number;
  readonly decode?: boolean;
  readonly bodies?: boolean;
}

/**
 * Asks one node over its admin port. Every method throws {@link ApiRefusal} or {@link Unreachable}.
 */
export class AdminClient {
  readonly address: string;
  readonly #node: string | undefined;
  readonly #token: string | undefined;
  readonly #withheld: string | undefined;
  readonly #timeoutMs: number;
  readonly #maxAnswerCharacters: number;

  constructor(options: AdminClientOptions) {
    const { address, node, token, withheld, timeoutMs = 3000 } = options;
    this.address = address;
    this.#node = node;
    this.#token = token;
    this.#withheld = withheld;
    this.#timeoutMs = timeoutMs;
    this.#maxAnswerCharacters = options.maxAnswerCharacters ?? MAX_ANSWER_CHARACTERS;
  }

  async node(): Promise<NodeView> {
    return await this.#ask('/api/v1/node', NodeView);
  }

  async cluster(): Promise<ClusterView> {
    return await this.#ask('/api/v1/cluster', ClusterView);
  }

  async links(): Promise<LinksView> {
    return await this.#ask('/api/v1/links', LinksView);
  }

  async totals(): Promise<TotalsView> {
    return await this.#ask('/api/v1/totals', TotalsView);
  }

  async users(ids: readonly (number | string)[]): Promise<UsersView> {
    const list = ids.map((id) => encodeURIComponent(id)).join(',');
    return await this.#ask(`/api/v1/users/${list}`, UsersView);
  }

  async events(options: { after?: number; limit?: number } = {}): Promise<EventsView> {
    return await this.#ask(`/api/v1/events${queryOf(options)}`, EventsView);
  }

  async drain(): Promise<DrainResult> {
    return await this.#change('/api/v1/drain', DrainResult);
  }

  async closeLink(link: string): Promise<CloseLinkResult> {
    const path = `/api/v1/links/${encodeURIComponent(link)}/close`;
    return await this.#change(path, CloseLinkResult);
  }

  async rebalance(): Promise<RebalanceResult> {
    return await this.#change('/api/v1/rebalance', RebalanceResult);
  }

  /** PDUs as they pass, until the signal or the node's end. */
  watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchMessage> {
    const { commands, link, rate, decode, bodies } = options;
    const query = queryOf({
      command: commands?.join(','),
      link,
      rate,
      decode: decode === true ? 1 : undefined,
      bodies: bodies === true ? 1 : undefined,
    });
    return this.#stream(`/api/v1/watch${query}`, WatchMessage, { signal, withToken: true });
  }

  /** Events as they occur, until the signal or the node's end. */
  follow(
    options: { after?: number; limit?: number },
    signal: AbortSignal,
  ): AsyncGenerator<EventView> {
    return this.#stream(`/api/v1/events/stream${queryOf(options)}`, EventView, {
      signal,
      withToken: false,
    });
  }

  async #ask<T extends { readonly node: string }>(path: string, schema: z.ZodType<T>): Promise<T> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const response = await this.#fetch(path, { method: 'GET', signal, withToken: false });
    const view = this.#read(schema, await this.#text(response));
    this.#checkNode(view.node);
    return view;
  }

  async #change<T extends { readonly node: string }>(
    path: string,
    schema: z.ZodType<T>,
  ): Promise<T> {
    if (this.#withheld !== undefined) throw this.#tokenWithheld(this.#withheld);
    // Without the token, to verify the node's identity first.
    if (this.#node !== undefined) await this.node();
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const response = await this.#fetch(path, { method: 'POST', signal, withToken: true });
    return this.#read(schema, await this.#text(response));
  }

  #checkNode(answered: string): void {
    if (this.#node === undefined || answered === this.#node) return;
    throw new Unreachable(`${this.address} is another node, ${answered}, and not ${this.#node}`);
  }

  #tokenWithheld(message: string): ApiRefusal {
    return new ApiRefusal({ status: 401, code: 'token-withheld', message });
  }

  async *#stream<T>(
    path: string,
    schema: z.ZodType<T>,
    { signal, withToken }: Pick<Request, 'signal' | 'withToken'>,
  ): AsyncGenerator<T> {
    const response = await this.#fetch(path, { method: 'GET', signal, withToken });
    let rest = '';
    try {
      for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > MAX_MESSAGE_CHARACTERS) throw new Error('sends too long a message');
        for (const line of lines) if (line !== '') yield this.#read(schema, line);
      }
    } catch (error) {
      if (signal.aborted) return;
      throw this.#unreachable(error);
    }
  }

  async #fetch(path: string, { method, signal, withToken }: Request): Promise<Response> {
    const token = withToken ? this.#token : undefined;
    const headers = {
      accept: 'application/x-ndjson, application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    let response: Response;
    try {
      response = await fetch(`http://${this.address}${path}`, {
        method,
        signal,
        headers,
        // A node never redirects: a server that does is no node, and must not get the token.
        redirect: 'error',
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
    const version = response.headers.get(API_VERSION_HEADER);
    // Release 0.1.0 has no version in its answers; they are checked against the schemas below.
    if (version !== null && version !== String(API_VERSION)) {
      throw new Unreachable(
        `${this.address} answers in version ${version} of the admin API: expected ${API_VERSION}; use the tools of that node's release`,
      );
    }
    if (response.ok) return response;
    const { code, error } = this.#read(ErrorView, await this.#text(response));
    if (code === 'token-missing' && this.#withheld !== undefined) {
      throw this.#tokenWithheld(this.#withheld);
    }
    throw new ApiRefusal({ status: response.status, code, message: error });
  }

  async #text(response: Response): Promise<string> {
    let text = '';
    try {
      for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += part;
        if (text.length > this.#maxAnswerCharacters) throw new Error('the answer is too long');
      }
    } catch (error) {
      throw this.#unreachable(error);
    }
    return text;
  }

  #read<T>(schema: z.ZodType<T>, text: string): T {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new Unreachable(`${this.address} answers, but not as a route node does`, {
        cause: error,
      });
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    throw new Unreachable(
      `${this.address} answers as a node of another version does (${where}: ${issue?.message})`,
    );
  }

  #unreachable(error: unknown): Unreachable {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const reason =
      error instanceof Error && error.name === 'TimeoutError'
        ? `no answer within ${this.#timeoutMs} ms`
        : reasonOf(cause);
    return new Unreachable(`${this.address} cannot be reached: ${reason}`, { cause: error });
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}
