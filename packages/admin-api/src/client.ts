import type { z } from 'zod';
import {
  type CloseLinkResult,
  closeLinkResultSchema,
  type DrainResult,
  drainResultSchema,
  type RebalanceResult,
  rebalanceResultSchema,
} from './action-views.ts';
import { errorViewSchema } from './errors.ts';
import {
  type ClusterView,
  clusterViewSchema,
  type LinksView,
  linksViewSchema,
  type NodeView,
  nodeViewSchema,
} from './node-views.ts';
import {
  type TotalsView,
  totalsViewSchema,
  type UsersView,
  usersViewSchema,
} from './presence-views.ts';
import {
  type EventsView,
  type EventView,
  eventsViewSchema,
  eventViewSchema,
  type WatchMessage,
  watchMessageSchema,
} from './stream-views.ts';
import { API_VERSION, API_VERSION_HEADER } from './version.ts';

export interface AdminClientOptions {
  /** The node's admin port, as host:port. */
  readonly address: string;
  /** ROUTE_ADMIN_TOKEN of the node; needed to change its state. */
  readonly token?: string;
  /** How long an answer may take, in ms. Default 3000. */
  readonly timeoutMs?: number;
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

/** What to see of what passes through a node. */
export interface WatchOptions {
  readonly commands?: readonly string[];
  readonly link?: string;
  /** PDUs in a second at the most; what is more is only counted. */
  readonly rate?: number;
  readonly decode?: boolean;
  readonly bodies?: boolean;
}

/**
 * Asks one node over its admin port. Every method throws {@link ApiRefusal} or {@link Unreachable}.
 */
export class AdminClient {
  readonly address: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;

  constructor({ address, token, timeoutMs = 3000 }: AdminClientOptions) {
    this.address = address;
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  async node(): Promise<NodeView> {
    return await this.#ask('GET', '/api/v1/node', nodeViewSchema);
  }

  async cluster(): Promise<ClusterView> {
    return await this.#ask('GET', '/api/v1/cluster', clusterViewSchema);
  }

  async links(): Promise<LinksView> {
    return await this.#ask('GET', '/api/v1/links', linksViewSchema);
  }

  async totals(): Promise<TotalsView> {
    return await this.#ask('GET', '/api/v1/totals', totalsViewSchema);
  }

  async users(ids: readonly (number | string)[]): Promise<UsersView> {
    const list = ids.map((id) => encodeURIComponent(id)).join(',');
    return await this.#ask('GET', `/api/v1/users/${list}`, usersViewSchema);
  }

  async events(options: { after?: number; limit?: number } = {}): Promise<EventsView> {
    return await this.#ask('GET', `/api/v1/events${queryOf(options)}`, eventsViewSchema);
  }

  async drain(): Promise<DrainResult> {
    return await this.#ask('POST', '/api/v1/drain', drainResultSchema);
  }

  async closeLink(link: string): Promise<CloseLinkResult> {
    const path = `/api/v1/links/${encodeURIComponent(link)}/close`;
    return await this.#ask('POST', path, closeLinkResultSchema);
  }

  async rebalance(): Promise<RebalanceResult> {
    return await this.#ask('POST', '/api/v1/rebalance', rebalanceResultSchema);
  }

  /** PDUs as they pass, until the signal comes or the node ends. */
  watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchMessage> {
    const { commands, link, rate, decode, bodies } = options;
    const query = queryOf({
      command: commands?.join(','),
      link,
      rate,
      decode: decode === true ? 1 : undefined,
      bodies: bodies === true ? 1 : undefined,
    });
    return this.#stream(`/api/v1/watch${query}`, watchMessageSchema, signal);
  }

  /** Events as they come, until the signal comes or the node ends. */
  follow(
    options: { after?: number; limit?: number },
    signal: AbortSignal,
  ): AsyncGenerator<EventView> {
    return this.#stream(`/api/v1/events/stream${queryOf(options)}`, eventViewSchema, signal);
  }

  async #ask<T>(method: 'GET' | 'POST', path: string, schema: z.ZodType<T>): Promise<T> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const response = await this.#fetch(path, { method, signal });
    return this.#read(schema, await this.#text(response));
  }

  async *#stream<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal): AsyncGenerator<T> {
    const response = await this.#fetch(path, { method: 'GET', signal });
    let rest = '';
    try {
      for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield this.#read(schema, line);
      }
    } catch (error) {
      if (signal.aborted) return;
      throw this.#unreachable(error);
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = {
      accept: 'application/x-ndjson, application/json',
      ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
    };
    let response: Response;
    try {
      response = await fetch(`http://${this.address}${path}`, {
        ...init,
        headers,
        // A node never sends elsewhere: what does is no node, and the token is not for it.
        redirect: 'error',
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
    const version = response.headers.get(API_VERSION_HEADER);
    // Release 0.1.0 does not tell its version; what it answers is held against the schemas below.
    if (version !== null && version !== String(API_VERSION)) {
      throw new Unreachable(
        `${this.address} answers in version ${version} of the admin API: expected ${API_VERSION}; use the tools of that node's release`,
      );
    }
    if (response.ok) return response;
    const { code, error } = this.#read(errorViewSchema, await this.#text(response));
    throw new ApiRefusal({ status: response.status, code, message: error });
  }

  async #text(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      throw this.#unreachable(error);
    }
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
