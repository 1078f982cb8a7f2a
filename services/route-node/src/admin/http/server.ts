import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { API_VERSION, API_VERSION_HEADER } from '@route/admin-api';
import type { Address } from '../../config/settings.ts';
import { RepeatedLine } from '../../observability/log.ts';
import { listenOn } from '../../process/listen.ts';
import { MessageStream, type StreamForm } from '../streams/message-stream.ts';
import { AnswerBudget } from './answer-budget.ts';
import { ApiError } from './api-error.ts';
import { type AdminCut, Connections } from './connections.ts';
import { FairRoom } from './fair-room.ts';
import type { Guard } from './guard.ts';
import { type Answer, matchPath, type ProbeKind, type Route } from './route.ts';

/**
 * A request to change state, or one refused for missing rights: operators must be able to trace
 * both.
 */
export interface TracedRequest {
  /** The client's address. */
  readonly from: string;
  readonly method: string;
  readonly path: string;
  /** The code of the refusal; undefined for a change that was made. */
  readonly refused: string | undefined;
}

/** How long a client may take, in ms. */
export interface AdminTimes {
  /** Time limit for its headers. */
  readonly headersMs: number;
  /** Time limit for its body. */
  readonly requestMs: number;
  /** From its request until it has read its answer. */
  readonly answerMs: number;
  /** How often the first two are looked at. */
  readonly checkMs: number;
}

const ADMIN_TIMES: AdminTimes = {
  headersMs: 5000,
  requestMs: 10_000,
  answerMs: 10_000,
  checkMs: 1000,
};

/** A connection without a request is closed after this time. */
const KEEP_ALIVE_MS = 5000;

export interface AdminServerOptions {
  readonly routes: readonly Route[];
  readonly guard: Guard;
  /** ROUTE_ADMIN_MAX_CONNECTIONS. */
  readonly maxConnections: number;
  /** Default {@link ADMIN_TIMES}. */
  readonly times?: AdminTimes;
  /** Called once for each such request. */
  traced(request: TracedRequest): void;
  /** The node has closed a connection. */
  cut(reason: AdminCut): void;
  /** An answer could not be made. */
  failed(path: string, error: unknown): void;
}

/** A POST has everything in its path; a body is read up to this size and refused. */
const MAX_BODY_BYTES = 4096;

/** A body is read to its end up to this length, so that the client reads why it is refused. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** So much of a path is traced. */
const MAX_TRACED_PATH = 200;

/** A stream that makes room for another has so long to end in good order. */
const END_MS = 1000;

/** Streams to all clients together; a new one ends the oldest of the address that has the most. */
const MAX_STREAMS = 32;

/** The admin port: answers by its routes, and sends errors as JSON. */
export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #server: Server;
  readonly #acceptErrors = new RepeatedLine();
  readonly #connections: Connections;
  /** Of their own, so that a flood of one kind delays no other. */
  readonly #budgets: Readonly<Record<ProbeKind | 'other', AnswerBudget>> = {
    health: new AnswerBudget(),
    metrics: new AnswerBudget(),
    other: new AnswerBudget(),
  };
  readonly #streams = new FairRoom<ServerResponse>(MAX_STREAMS);

  constructor(options: AdminServerOptions) {
    this.#options = options;
    const { times = ADMIN_TIMES } = options;
    const { headersMs: headersTimeout, requestMs: requestTimeout, answerMs } = times;
    this.#connections = new Connections({ ...options, answerMs });
    const http = {
      headersTimeout,
      requestTimeout,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: times.checkMs,
      // A request that the server refuses by itself would not count, so it could be pipelined.
      requireHostHeader: false,
    };
    const requested = (request: IncomingMessage, response: ServerResponse): void => {
      const endless = this.#connections.begin(request, response);
      if (endless !== undefined) void this.#serve(request, response, endless);
    };
    this.#server = createServer(http, requested);
    this.#server.on('checkExpectation', requested);
    // After the HTTP server's own listener.
    this.#server.on('connection', (socket) => this.#connections.open(socket));
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Begins to serve.
   * @returns the address really listened on.
   * @throws the socket's error when the address cannot be had.
   */
  async listen(address: Address): Promise<Address> {
    return await listenOn(this.#server, address, (error) => {
      this.#acceptErrors.write(() => this.#options.failed('a connection', error));
    });
  }

  /** Ends serving at once. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    endless: () => void,
  ): Promise<void> {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader(API_VERSION_HEADER, String(API_VERSION));
    try {
      const { route, params } = this.#find(request.method ?? '', path);
      if (route.probe === undefined) this.#options.guard.checkSource(request.headers, path);
      const budget = this.#budgets[route.probe ?? 'other'];
      await budget.turn();
      const query = new URLSearchParams((request.url ?? '').slice(path.length + 1));
      const asked = { params, query, headers: request.headers };
      const answer =
        route.method === 'POST'
          ? await this.#change(request, () => route.handle(asked))
          : await budget.run(() => route.handle(asked));
      if (answer.kind === 'stream') endless();
      budget.run(() => this.#reply(answer, request, response));
    } catch (error) {
      const refusal = error instanceof ApiError ? error : undefined;
      if (refusal === undefined) this.#options.failed(path, error);
      const { code, message, status } =
        refusal ?? new ApiError('failed', `${path} could not be answered, see the node's log`);
      const isTraced = request.method === 'POST' || status === 401 || status === 403;
      if (isTraced) this.#trace(request, code);
      if (status === 401) response.setHeader('www-authenticate', 'Bearer');
      this.#send(request, response, { ...jsonBody({ code, error: message }), status });
    }
  }

  /** Has a route change the node's state. */
  async #change(request: IncomingMessage, change: () => Answer | Promise<Answer>): Promise<Answer> {
    this.#options.guard.checkToken(request.headers);
    await refuseBody(request);
    const answer = await change();
    this.#trace(request, undefined);
    return answer;
  }

  #trace({ method = '', url = '', socket }: IncomingMessage, refused: string | undefined): void {
    const path = url.slice(0, MAX_TRACED_PATH);
    this.#options.traced({ from: socket.remoteAddress ?? '?', method, path, refused });
  }

  #find(method: string, path: string): { route: Route; params: Record<string, string> } {
    const allowed = new Set<string>();
    for (const route of this.#options.routes) {
      const params = paramsOf(route, path);
      if (params === undefined) continue;
      if (route.method === (method === 'HEAD' ? 'GET' : method)) return { route, params };
      allowed.add(route.method);
    }
    if (allowed.size > 0) {
      const expected = [...allowed].join(' or ');
      throw new ApiError('method-not-allowed', `method is ${method}: expected ${expected}`);
    }
    const paths = this.#options.routes.map((route) => route.path);
    throw new ApiError('not-found', `path is ${path}: expected one of ${paths.join(', ')}`);
  }

  #reply(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
    switch (answer.kind) {
      case 'json':
        this.#send(request, response, { ...jsonBody(answer.body), status: answer.status });
        return;
      case 'file':
        this.#send(request, response, answer);
        return;
      case 'stream':
        if (request.method === 'HEAD') response.end();
        else this.#stream(answer, request, response);
    }
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    { status, headers, body }: Omit<Extract<Answer, { kind: 'file' }>, 'kind'>,
  ): void {
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    // The unread rest of a body would be parsed as the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    response.on('close', this.#budgets.other.hold(body?.length ?? 0));
    response.end(body);
  }

  #stream(
    { start }: Extract<Answer, { kind: 'stream' }>,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    // A client that went while the answer was made causes no 'close' any more.
    if (response.closed) return;
    this.#makeRoom(this.#streams.add(response, request.socket.remoteAddress ?? ''));
    const end = start(new MessageStream(response, formOf(request)));
    response.on('close', () => {
      this.#streams.delete(response);
      end();
    });
  }

  #makeRoom(stream: ServerResponse | undefined): void {
    if (stream === undefined) return;
    this.#options.cut('stream-room');
    stream.end();
    setTimeout(() => stream.destroy(), END_MS).unref();
  }
}

function paramsOf(route: Route, path: string): Record<string, string> | undefined {
  try {
    return matchPath(route.path, path);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new ApiError('bad-request', `path is ${path}: expected valid percent-encoding`);
  }
}

function formOf({ headers }: IncomingMessage): StreamForm {
  return headers.accept?.includes('ndjson') === true ? 'ndjson' : 'sse';
}

async function refuseBody(request: IncomingMessage): Promise<void> {
  let length = 0;
  let text = '';
  // To its end: a client that is cut off while it sends does not read why.
  for await (const chunk of request.setEncoding('utf8')) {
    const part = String(chunk);
    length += part.length;
    if (length <= MAX_BODY_BYTES) text += part;
    if (length > MAX_READ_BYTES) break;
  }
  if (length > MAX_BODY_BYTES) {
    throw new ApiError(
      'body-too-large',
      `the body is longer than ${MAX_BODY_BYTES} bytes: expected none`,
    );
  }
  if (text.trim() !== '' && text.trim() !== '{}') {
    throw new ApiError('bad-request', `the body is ${length} bytes long: expected none, or {}`);
  }
}

function jsonBody(value: object): { headers: Record<string, string>; body: Buffer } {
  return {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(`${JSON.stringify(value)}\n`),
  };
}
