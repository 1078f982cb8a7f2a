import type { ServerResponse } from 'node:http';

/** How messages are told apart: Server-Sent Events, or one line of JSON each. */
export type StreamForm = 'sse' | 'ndjson';

const CONTENT_TYPES: Readonly<Record<StreamForm, string>> = {
  sse: 'text/event-stream',
  ndjson: 'application/x-ndjson',
};

/** So much may wait for a client that reads slowly; what comes then is not sent to it. */
const MAX_UNSENT_BYTES = 256 * 1024;

/**
 * A client, and what stands between, must see now and then that the stream lives. A client that has read nothing from
 * one such moment to the next, though something waits for it, is cut off.
 */
const KEEP_ALIVE_MS = 10_000;

/** Messages without end to one client, never more than it takes. */
export class MessageStream {
  readonly #response: ServerResponse;
  readonly #form: StreamForm;
  readonly #keepAlive: NodeJS.Timeout;
  /** Bytes that the client had taken at the last look, where something waited for it. */
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
   * Sends one message; `id` is what a client of Server-Sent Events says when it comes back.
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
