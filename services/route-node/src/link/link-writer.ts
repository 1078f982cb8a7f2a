import type { Socket } from 'node:net';
import type { Counters } from '../observability/counters.ts';
import { BatchBuffer } from '../routing/batch-buffer.ts';
import { pinsMuch } from './pinned-memory.ts';

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

export interface LinkWriterOptions {
  readonly socket: Socket;
  readonly flusher: TickFlusher;
  readonly counters: Counters;
  /** Some of what waited has been taken by the kernel. */
  progressed(): void;
}

/**
 * How much is handed to the socket in one write. A large write costs the kernel less a byte (8 links flat out: 8.7
 * million PDUs/s delivered at 64 KiB, 13 million at 4 MiB); but a socket tells that a write is done only when all of
 * it is, and of a slow msg_server it must be seen soon whether it reads at all. So each link's writes become
 * larger while they are done quickly, and smaller when they are not.
 */
const WRITE_BYTES = { least: 64 * 1024, first: 256 * 1024, most: 4 * 1024 * 1024 } as const;

/** A write that took longer than this was too large, one that took less than a quarter of it might be larger. */
const WRITE_MS = 100;

/** What comes in few bytes is copied together into chunks of so many. */
const CHUNK_BYTES = 16 * 1024;

/** Gathers what a tick has for one link and hands it to the socket as one write. */
export class LinkWriter {
  readonly #options: LinkWriterOptions;
  #pending: Buffer[] = [];
  #next = 0;
  #pendingBytes = 0;
  readonly #gathered = new BatchBuffer(CHUNK_BYTES, (run) => {
    this.#pending.push(run);
  });
  #writtenBytes = 0;
  #writeBytes: number = WRITE_BYTES.first;
  #handedAtMs = performance.now();
  #dirty = false;
  #blocked = false;

  constructor(options: LinkWriterOptions) {
    this.#options = options;
  }

  /** Bytes that the kernel has not yet taken. */
  get unsentBytes(): number {
    return this.#pendingBytes + this.#options.socket.writableLength;
  }

  /** Bytes that the kernel has taken since the link was opened. */
  get takenBytes(): number {
    return this.#writtenBytes - this.unsentBytes;
  }

  /** When anything was handed to the socket last. */
  get handedAtMs(): number {
    return this.#handedAtMs;
  }

  /**
   * Queues bytes, which must not change any more. They are copied only where they are few, or a small part of their
   * memory: what is queued keeps no more than a few times the memory that it is counted with.
   */
  write(bytes: Buffer): void {
    if (pinsMuch(bytes)) {
      this.writePart(bytes, 0, bytes.length);
      return;
    }
    this.#gathered.flush();
    this.#pending.push(bytes);
    this.#added(bytes.length);
  }

  /** Queues bytes that stand between others, which must not change either; few bytes are copied. */
  writePart(bytes: Buffer, start: number, end: number): void {
    this.#gathered.append(bytes, start, end);
    this.#added(end - start);
  }

  #added(length: number): void {
    this.#pendingBytes += length;
    this.#writtenBytes += length;
    if (this.#dirty || this.#blocked) return;
    this.#dirty = true;
    this.#options.flusher.add(this);
  }

  /** Hands over what waits, as much as the socket takes. */
  flush(): void {
    this.#dirty = false;
    while (!this.#blocked && this.#pendingBytes > 0) this.#hand(this.#writeBytes);
  }

  /** Hands over all that waits and ends the connection after it. */
  end(): void {
    this.#blocked = true;
    if (this.#pendingBytes > 0) this.#hand(this.#pendingBytes);
    this.#options.socket.end();
  }

  #hand(maxBytes: number): void {
    const { socket, counters } = this.#options;
    const batch = this.#take(maxBytes);
    const last = batch.pop();
    if (last === undefined || !socket.writable) return;
    socket.cork();
    for (const bytes of batch) socket.write(bytes);
    socket.write(last, this.#taken);
    socket.uncork();
    counters.linkWrites++;
    this.#handedAtMs = performance.now();
    if (socket.writableLength > 0) this.#blocked = true;
  }

  readonly #taken = (): void => {
    const { socket, progressed } = this.#options;
    if (!this.#blocked || socket.writableLength > 0 || !socket.writable) return;
    this.#blocked = false;
    this.#fitWrites(performance.now() - this.#handedAtMs);
    while (!this.#blocked && this.#pendingBytes > 0) this.#hand(this.#writeBytes);
    progressed();
  };

  #fitWrites(tookMs: number): void {
    if (tookMs > WRITE_MS) this.#writeBytes = Math.max(WRITE_BYTES.least, this.#writeBytes / 2);
    else if (tookMs < WRITE_MS / 4) {
      this.#writeBytes = Math.min(WRITE_BYTES.most, this.#writeBytes * 2);
    }
  }

  #take(maxBytes: number): Buffer[] {
    this.#gathered.flush();
    const { counters } = this.#options;
    if (this.#pendingBytes <= maxBytes) {
      const all = this.#next === 0 ? this.#pending : this.#pending.slice(this.#next);
      counters.sentBytes += this.#pendingBytes;
      this.#pending = [];
      this.#next = 0;
      this.#pendingBytes = 0;
      return all;
    }
    const batch: Buffer[] = [];
    let room = maxBytes;
    while (room > 0) {
      const bytes = this.#pending[this.#next];
      if (bytes === undefined) break;
      if (bytes.length > room) {
        batch.push(bytes.subarray(0, room));
        this.#pending[this.#next] = bytes.subarray(room);
        room = 0;
      } else {
        batch.push(bytes);
        room -= bytes.length;
        this.#next++;
      }
    }
    this.#compact();
    counters.sentBytes += maxBytes - room;
    this.#pendingBytes -= maxBytes - room;
    return batch;
  }

  /** Lets go of what was handed over; moving the rest now and then costs less than doing it each time. */
  #compact(): void {
    if (this.#next < 1024 && this.#next < this.#pending.length) return;
    this.#pending = this.#pending.slice(this.#next);
    this.#next = 0;
  }
}
