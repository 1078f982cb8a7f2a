import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/** A connection without a network: written bytes are collected, or wait while the peer stalls. */
export class StallingSocket extends Socket {
  /** All that the peer has read. */
  received = Buffer.alloc(0);
  /** Whether the node has ended its side. */
  ended = false;
  #stalls = false;
  readonly #waiting: { readonly chunks: readonly Buffer[]; readonly done: Done }[] = [];

  constructor() {
    super({ allowHalfOpen: true });
  }

  /** The peer sends something. */
  say(...pdus: readonly Buffer[]): void {
    this.push(Buffer.concat(pdus));
  }

  /** The peer ends its side. */
  sayEnd(): void {
    this.push(null);
  }

  /** The peer reads no more, or on. */
  stall(stalls: boolean): void {
    this.#stalls = stalls;
    if (stalls) return;
    for (const { chunks, done } of this.#waiting.splice(0)) this.#take(chunks, done);
  }

  /** The peer reads what one write has brought, and no more. */
  readOne(): void {
    const [first] = this.#waiting.splice(0, 1);
    if (first !== undefined) this.#take(first.chunks, first.done);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#written([chunk], done);
  }

  override _writev(all: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#written(
      all.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: Done): void {
    this.ended = true;
    done();
  }

  #written(chunks: readonly Buffer[], done: Done): void {
    if (this.#stalls) this.#waiting.push({ chunks, done });
    else this.#take(chunks, done);
  }

  #take(chunks: readonly Buffer[], done: Done): void {
    this.received = Buffer.concat([this.received, ...chunks]);
    done();
  }
}
