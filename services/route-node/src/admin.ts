import { createServer, type Server, type ServerResponse } from 'node:http';
import { listenOn } from './listen.ts';
import { type Readiness, UNREADY_REASONS } from './readiness.ts';
import type { Address } from './settings.ts';

export interface AdminOptions {
  readonly readiness: Readiness;
  /** What /healthz and /readyz tell beside their verdict. */
  readonly nodeId: string;
  /** All metrics in Prometheus' text format, and its content type. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** A page could not be made. */
  failed(error: unknown): void;
}

/** The admin port: metrics, and whether the node lives and is ready. Read-only. */
export class Admin {
  readonly #options: AdminOptions;
  readonly #server: Server;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        reply(response, 405, { error: `method is ${request.method}, expected GET or HEAD` });
      } else {
        void this.#get(path, response);
      }
    });
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
    return await listenOn(this.#server, address);
  }

  /** Ends serving at once. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #get(path: string, response: ServerResponse): Promise<void> {
    const { nodeId, readiness } = this.#options;
    switch (path) {
      case '/healthz':
        return reply(response, 200, { status: 'alive', node: nodeId });
      case '/readyz': {
        const reasons = readiness.reasons;
        if (reasons.length === 0) return reply(response, 200, { status: 'ready', node: nodeId });
        const why = Object.fromEntries(reasons.map((reason) => [reason, UNREADY_REASONS[reason]]));
        return reply(response, 503, { status: 'not ready', node: nodeId, reasons: why });
      }
      case '/metrics':
        try {
          const { contentType, text } = await this.#options.metrics();
          response.setHeader('content-type', contentType);
          response.end(text);
        } catch (error) {
          this.#options.failed(error);
          reply(response, 500, { error: 'metrics could not be gathered, see the log' });
        }
        return;
      default:
        reply(response, 404, {
          error: `path is ${path}, expected /metrics, /healthz or /readyz`,
        });
    }
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify(body)}\n`);
}
