import type { Socket } from 'node:net';
import type { Counters } from '../observability/counters.ts';
import { BatchBuffer } from '../routing/batch-buffer.ts';
import { pinsMuch } from './pinned-memory.ts';

/** Flushes the writers of a tick at its end. */
export class TickFlusher {
  #dirty: LinkWriter[] = [];
  #scheduled = false;
  readonly #flushAll = (): void => {
    this.#scheduled = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const writer of dirty) writer.flush();
  };

  /** Schedules the flush of a writer for the end of the reads of this tick. */
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
  /** Called when the kernel has accepted some of the queued bytes. */
  progressed(): void;
}

/**
 * Bytes passed to the socket in one write. A large write costs the kernel less per byte (8 links at
 * full rate: 8.7 million PDUs/s delivered at 64 KiB, 13 million at 4 MiB). But a socket reports a
 * write only when all of it is done, and with a slow msg_server it must soon be visible whether it
 * reads at all. Each link's writes therefore grow while they finish quickly, and shrink otherwise.
 */
const WRITE_BYTES = { least: 64 * 1024, first: 256 * 1024, most: 4 * 1024 * 1024 } as const;

/**
 * A write that took longer was too large; after one that took less than a quarter, the next may be
 * larger.
 */
const WRITE_MS = 100;

/** Short pieces are copied together into chunks of this size. */
const CHUNK_BYTES = 16 * 1024;

/** Collects the output of a tick for one link and passes it to the socket as one write. */
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

  /** Bytes that the kernel has not accepted yet. */
  get unsentBytes(): number {
    return this.#pendingBytes + this.#options.socket.writableLength;
  }

  /** Bytes that the kernel has accepted since the link was opened. */
  get sentBytes(): number {
    return this.#writtenBytes - this.unsentBytes;
  }

  /** Time of the last write to the socket. */
  get handedAtMs(): number {
    return this.#handedAtMs;
  }

  /**
   * Queues bytes, which must not change afterwards. They are copied only if they are few, or a
   * small part of their memory: the queue never pins more than a few times the memory that it
   * counts.
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

  /** Queues a part of a buffer, which must not change either; few bytes are copied. */
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

  /** Passes as much of the queue to the socket as it accepts. */
  flush(): void {
    this.#dirty = false;
    while (!this.#blocked && this.#pendingBytes > 0) this.#hand(this.#writeBytes);
  }

  /** Passes the whole queue to the socket and ends the connection after it. */
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

  /**
   * Removes written buffers from the queue. Moving the rest now and then costs less than each time.
   */
  #compact(): void {
    if (this.#next < 1024 && this.#next < this.#pending.length) return;
    this.#pending = this.#pending.slice(this.#next);
    this.#next = 0;
  }
}
