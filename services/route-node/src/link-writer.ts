import type { Socket } from 'node:net';
import type { Counters } from './counters.ts';

/** Flushes all writers that were written to in a tick, at the tick's end. */
export class TickFlusher {
  #dirty: LinkWriter[] = [];
  #scheduled = false;
  readonly #flushAll = (): void => {
    this.#scheduled = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const writer of dirty) writer.flush();
  };

  /** Has a writer flushed when the present tick's reads are done. */
  add(writer: LinkWriter): void {
    this.#dirty.push(writer);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flushAll);
  }
}

/** Gathers what a tick has for one link and hands it to the socket as one write. */
export class LinkWriter {
  readonly #socket: Socket;
  readonly #flusher: TickFlusher;
  readonly #counters: Counters;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(socket: Socket, flusher: TickFlusher, counters: Counters) {
    this.#socket = socket;
    this.#flusher = flusher;
    this.#counters = counters;
  }

  /** Bytes that the msg_server's side has not yet taken over. */
  get unsentBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  /** Queues bytes; they are not copied and must not change any more. */
  write(bytes: Buffer): void {
    if (this.#pending.length === 0) this.#flusher.add(this);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  /** Hands over what waits. */
  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    this.#counters.sentBytes += this.#pendingBytes;
    this.#pendingBytes = 0;
    const socket = this.#socket;
    if (!socket.writable) return;
    if (pending.length === 1 && pending[0] !== undefined) {
      socket.write(pending[0]);
      return;
    }
    socket.cork();
    for (const bytes of pending) socket.write(bytes);
    socket.uncork();
  }
}
