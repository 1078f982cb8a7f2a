import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { FairRoom } from './fair-room.ts';

/** Why the node closes a connection or a stream of the admin port. */
export const ADMIN_CUTS = {
  room: 'makes room for a new connection',
  'stream-room': 'makes room for a new stream',
  pipelining: 'sent a request before it had the answer to the one before',
  unread: 'had not read its answer in time',
} as const;
export type AdminCut = keyof typeof ADMIN_CUTS;

/**
 * Bytes that the HTTP parser gets at once. It parses all requests in its input: with a whole read
 * of 64 KiB, some 1,600 pipelined requests would be in memory before the first one is answered.
 */
const PARSED_AT_ONCE = 512;

export interface ConnectionsOptions {
  /** ROUTE_ADMIN_MAX_CONNECTIONS. */
  readonly maxConnections: number;
  /** Time from a request until the client must have read the answer; streams are exempt. */
  readonly answerMs: number;
  cut(reason: AdminCut): void;
}

/** The connections to the admin port: a bounded number, and one request at a time on each. */
export class Connections {
  readonly #room: FairRoom<Socket>;
  readonly #answering = new Map<Socket, ServerResponse>();
  /** Those that are closed after the answer under way. */
  readonly #ending = new WeakSet<Socket>();
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#room = new FairRoom(options.maxConnections, (socket) => !this.#answering.has(socket));
  }

  get size(): number {
    return this.#room.size;
  }

  /** Adds a connection. At the limit, closes another one, of the address with the most. */
  open(socket: Socket): void {
    const evicted = this.#room.add(socket, socket.remoteAddress ?? '');
    socket.on('close', () => this.#room.delete(socket));
    this.#parseInParts(socket);
    if (evicted === undefined) return;
    this.#options.cut('room');
    evicted.destroy();
  }

  /** Makes the HTTP server read in small parts, and stop reading at a pipelined request. */
  #parseInParts(socket: Socket): void {
    const [parse] = socket.listeners('data');
    if (parse === undefined) throw new Error('the HTTP server does not listen for data');
    socket.removeAllListeners('data');
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += PARSED_AT_ONCE) {
        if (this.#ending.has(socket) || socket.destroyed) return;
        parse.call(socket, chunk.subarray(at, at + PARSED_AT_ONCE));
      }
    });
  }

  /**
   * Starts a request. A connection that sends another one before the answer to the first is read no
   * further, and
   * closed after that answer.
   * @returns a function that lifts the time limit, for a stream; undefined where the request is not
   * to be answered.
   */
  begin({ socket }: IncomingMessage, response: ServerResponse): (() => void) | undefined {
    const current = this.#answering.get(socket);
    if (current !== undefined) {
      if (this.#ending.has(socket)) return undefined;
      this.#ending.add(socket);
      socket.pause();
      // The server continues reading after each parsed request.
      socket.on('resume', () => socket.pause());
      this.#options.cut('pipelining');
      current.on('close', () => socket.destroySoon());
      return undefined;
    }
    this.#answering.set(socket, response);
    const unread = setTimeout(() => {
      this.#options.cut('unread');
      socket.destroy();
    }, this.#options.answerMs);
    response.on('close', () => {
      clearTimeout(unread);
      this.#answering.delete(socket);
    });
    return () => clearTimeout(unread);
  }
}
