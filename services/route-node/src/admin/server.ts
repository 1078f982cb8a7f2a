import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { API_VERSION, API_VERSION_HEADER } from '@route/admin-api';
import { listenOn } from '../listen.ts';
import { RepeatedLine } from '../log.ts';
import type { Address } from '../settings.ts';
import { ApiError } from './api-error.ts';
import type { Guard } from './guard.ts';
import { MessageStream, type StreamForm } from './message-stream.ts';
import { type Answer, matchPath, type Route } from './route.ts';

export interface AdminServerOptions {
  readonly routes: readonly Route[];
  readonly guard: Guard;
  /** An answer could not be made. */
  failed(path: string, error: unknown): void;
}

/** A POST says everything in its path; what else it brings is kept up to here, to be refused. */
const MAX_BODY_BYTES = 4096;

/** Streams to all clients together. */
const MAX_STREAMS = 32;

/** The admin port: answers by its routes, and refuses in JSON what it cannot do. */
export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #server: Server;
  readonly #acceptErrors = new RepeatedLine();
  #streams = 0;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = 5000;
    this.#server.headersTimeout = 5000;
    this.#server.requestTimeout = 10_000;
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

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    const [path = '/'] = target.split('?', 1);
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader(API_VERSION_HEADER, String(API_VERSION));
    try {
      this.#reply(await this.#answer(request, path), request, response);
    } catch (error) {
      const refusal = error instanceof ApiError ? error : undefined;
      if (refusal === undefined) this.#options.failed(path, error);
      const { code, message, status } =
        refusal ?? new ApiError('failed', `${path} could not be answered, see the node's log`);
      if (status === 401) response.setHeader('www-authenticate', 'Bearer');
      // What has not been read of a body would be taken for the next request.
      if (!request.complete) response.setHeader('connection', 'close');
      replyJson(response, status, { code, error: message });
    }
  }

  async #answer(request: IncomingMessage, path: string): Promise<Answer> {
    const { route, params } = this.#find(request.method ?? '', path);
    if (route.method === 'POST') {
      this.#options.guard.check(request.headers);
      await refuseBody(request);
    }
    const query = new URLSearchParams((request.url ?? '').slice(path.length + 1));
    return await route.handle({ params, query, headers: request.headers });
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
        replyJson(response, answer.status, answer.body);
        return;
      case 'text':
        response.setHeader('content-type', answer.contentType);
        response.end(answer.text);
        return;
      case 'file':
        response.statusCode = answer.status;
        for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
        response.end(answer.body);
        return;
      case 'stream':
        if (request.method === 'HEAD') {
          response.end();
          return;
        }
        if (this.#streams >= MAX_STREAMS) {
          throw new ApiError('too-many-streams', `${MAX_STREAMS} streams are open: expected fewer`);
        }
        this.#stream(answer, formOf(request), response);
    }
  }

  #stream(
    { start }: Extract<Answer, { kind: 'stream' }>,
    form: StreamForm,
    response: ServerResponse,
  ): void {
    // Who has gone while the answer was made is told of by no 'close' any more.
    if (response.closed) return;
    this.#streams++;
    const end = start(new MessageStream(response, form));
    response.on('close', () => {
      this.#streams--;
      end();
    });
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
  // To its end, however long: a client that is cut off while it sends does not read why.
  for await (const chunk of request.setEncoding('utf8')) {
    const part = String(chunk);
    length += part.length;
    if (length <= MAX_BODY_BYTES) text += part;
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

function replyJson(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify(body)}\n`);
}
