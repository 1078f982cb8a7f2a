import { createServer, type Socket } from 'node:net';

/** Above this number of unsent bytes on any link, no link is read. */
const UNSENT_MARK_BYTES = 8 * 1024 * 1024;
const LENGTH_BYTES = 4;
const EMPTY = Buffer.alloc(0);

interface Link {
  readonly socket: Socket;
  /** The start of an incomplete PDU. */
  rest: Buffer;
  corked: boolean;
}

/**
 * The minimum of relaying: cuts batches of whole PDUs out of each read and writes each once to each
 * other link, a tick's batches under one cork. No presence, no limits.
 */
export class BareLinks {
  readonly #links = new Set<Link>();
  readonly #onRun: (run: Buffer) => void;
  readonly #holders = new Set<string>();
  #corked: Link[] = [];
  readonly #uncorkAll = (): void => {
    const all = this.#corked;
    this.#corked = [];
    for (const link of all) {
      link.corked = false;
      link.socket.uncork();
    }
    const over = all.some(({ socket }) => socket.writableLength > UNSENT_MARK_BYTES);
    if (over) this.hold('links', true);
  };

  /** `onRun` receives each batch of a link, after it was written to the others. */
  constructor(onRun: (run: Buffer) => void = () => {}) {
    this.#onRun = onRun;
  }

  /** Listens on a free port and prints it. */
  listen(): void {
    const server = createServer({ noDelay: true }, (socket) => this.#open(socket));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object') process.stdout.write(`${address?.port}\n`);
    });
  }

  /** Pauses reading on all links while any cause is active. */
  hold(holder: string, hold: boolean): void {
    const before = this.#holders.size > 0;
    if (hold) this.#holders.add(holder);
    else this.#holders.delete(holder);
    const held = this.#holders.size > 0;
    if (held === before) return;
    for (const { socket } of this.#links) {
      if (held) socket.pause();
      else socket.resume();
    }
  }

  /** Writes a batch to every link except its source. */
  relay(run: Buffer, from?: Link): void {
    for (const link of this.#links) {
      if (link !== from) this.#write(link, run);
    }
  }

  #open(socket: Socket): void {
    const link: Link = { socket, rest: EMPTY, corked: false };
    this.#links.add(link);
    if (this.#holders.size > 0) socket.pause();
    socket.on('data', (chunk: Buffer) => this.#read(link, chunk));
    socket.on('drain', () => {
      const low = UNSENT_MARK_BYTES / 2;
      const drained = [...this.#links].every((one) => one.socket.writableLength <= low);
      if (drained) this.hold('links', false);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#links.delete(link);
      this.hold('links', false);
    });
  }

  #write(link: Link, bytes: Buffer): void {
    if (!link.corked) {
      link.corked = true;
      link.socket.cork();
      if (this.#corked.push(link) === 1) setImmediate(this.#uncorkAll);
    }
    link.socket.write(bytes);
  }

  #read(link: Link, chunk: Buffer): void {
    const start = link.rest.length === 0 ? 0 : this.#completeRest(link, chunk);
    let end = start;
    while (end + LENGTH_BYTES <= chunk.length) {
      const next = end + chunk.readUInt32BE(end);
      if (next > chunk.length) break;
      end = next;
    }
    if (end > start) this.#pass(link, chunk.subarray(start, end));
    if (end < chunk.length) link.rest = Buffer.from(chunk.subarray(end));
  }

  /** Returns the number of bytes that belong to the incomplete PDU before. */
  #completeRest(link: Link, chunk: Buffer): number {
    const head = Buffer.concat([link.rest, chunk.subarray(0, LENGTH_BYTES)]);
    const missing =
      head.length < LENGTH_BYTES ? chunk.length + 1 : head.readUInt32BE(0) - link.rest.length;
    if (missing > chunk.length) {
      link.rest = Buffer.concat([link.rest, chunk]);
      return chunk.length;
    }
    this.#pass(link, Buffer.concat([link.rest, chunk.subarray(0, missing)]));
    link.rest = EMPTY;
    return missing;
  }

  #pass(link: Link, run: Buffer): void {
    this.relay(run, link);
    this.#onRun(run);
  }
}
