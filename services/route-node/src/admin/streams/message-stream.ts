import type { ServerResponse } from 'node:http';

/** The format of the stream: Server-Sent Events, or one line of JSON each. */
export type StreamForm = 'sse' | 'ndjson';

const CONTENT_TYPES: Readonly<Record<StreamForm, string>> = {
  sse: 'text/event-stream',
  ndjson: 'application/x-ndjson',
};

/** Maximum backlog in bytes for a slow client; messages beyond it are dropped. */
const MAX_UNSENT_BYTES = 256 * 1024;

/**
 * Interval of keep-alives, which show client and proxies that the stream lives. A client that has
 * read nothing for an interval although data waits is disconnected.
 */
const KEEP_ALIVE_MS = 10_000;

/** An endless stream to one client, limited to its reading rate. */
export class MessageStream {
  readonly #response: ServerResponse;
  readonly #form: StreamForm;
  readonly #keepAlive: NodeJS.Timeout;
  /** Bytes read by the client at the last check, where data waited for it. */
  #readBytes: number | undefined;

  constructor(response: ServerResponse, form: StreamForm) {
    this.#response = response;
    this.#form = form;
    response.statusCode = 200;
    response.setHeader('content-type', CONTENT_TYPES[form]);
    response.flushHeaders();
    this.#keepAlive = setInterval(() => this.#check(), KEEP_ALIVE_MS);
    response.on('close', () => clearInterval(this.#keepAlive));
  }

  /**
   * Sends one message; `id` is what a client of Server-Sent Events repeats when it reconnects.
   * @returns false when the client is too far behind: the message is dropped.
   */
  send(message: object, id?: number): boolean {
    const response = this.#response;
    if (response.writableLength > MAX_UNSENT_BYTES || !response.writable) return false;
    const text = JSON.stringify(message);
    const head = id === undefined ? '' : `id: ${id}\n`;
    response.write(this.#form === 'sse' ? `${head}data: ${text}\n\n` : `${text}\n`);
    return true;
  }

  #check(): void {
    const response = this.#response;
    if (response.writableLength === 0) {
      response.write(this.#form === 'sse' ? ':\n\n' : '\n');
      this.#readBytes = undefined;
      return;
    }
    const { bytesWritten = 0, writableLength = 0 } = response.socket ?? {};
    const readBytes = bytesWritten - writableLength;
    if (readBytes === this.#readBytes) response.destroy();
    this.#readBytes = readBytes;
  }
}
