import type { SimProcess, Task, VirtualTime } from './virtual-time.ts';

export interface PipeOptions {
  readonly time: VirtualTime;
  readonly from: SimProcess;
  readonly to: SimProcess;
  /** One-way latency in ms. */
  readonly latencyMs: number;
  /** Capacity of both kernels' buffers together, before the reader reads. */
  readonly capacityBytes: number;
  /** Maximum size of the pieces in which bytes arrive. */
  readonly pieceBytes: number;
}

interface Waiting {
  bytes: Buffer;
  readonly taken: (() => void) | undefined;
}

/**
 * One direction of a TCP connection: in order, bounded, and complete unless the connection breaks.
 */
export class Pipe {
  /** Handles a piece; returns false to pause until {@link Pipe.readOn}. */
  onData: (piece: Buffer) => boolean = () => true;
  onEnd: () => void = () => {};
  /** The network drops everything from now on; neither side notices. */
  silent = false;
  /** Bytes that the reader has read. */
  readBytes = 0;
  readonly #options: PipeOptions;
  #waiting: Waiting[] = [];
  #received: Buffer[] = [];
  /** Bytes in the kernels' buffers, not read yet. */
  #underWay = 0;
  #lastArrival = 0;
  #wantsData = true;
  #ends = false;
  #ended = false;
  #broken = false;
  #pumpTask: Task | undefined;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  /** Whether there are bytes that the reader has not read. */
  get hasUnread(): boolean {
    return this.#received.length > 0 || this.#underWay > 0;
  }

  /** Bytes that the kernels have not accepted yet. */
  get pendingBytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** `taken` is called once the kernel has accepted all bytes. */
  write(bytes: Buffer, taken?: () => void): void {
    if (this.#broken || this.#ends) return;
    this.#waiting.push({ bytes, taken });
    this.#pump();
  }

  /** The writer ends the stream, after everything written. */
  end(): void {
    if (this.#ends) return;
    this.#ends = true;
    this.#endIfDone();
  }

  /**
   * Drops everything that the reader does not have yet, or only what the kernel had not accepted.
   */
  break(keepsUnderWay: boolean): void {
    this.#waiting = [];
    if (!keepsUnderWay) {
      this.#broken = true;
      this.#received = [];
    }
    this.end();
  }

  readOn(): void {
    if (this.#wantsData) return;
    this.#wantsData = true;
    const { time, to } = this.#options;
    time.after(0, () => this.#hand(), to);
  }

  #pump(): void {
    const { time, from, to, latencyMs, capacityBytes, pieceBytes } = this.#options;
    let next = this.#waiting[0];
    while (next !== undefined && this.#underWay < capacityBytes) {
      const room = Math.min(capacityBytes - this.#underWay, pieceBytes);
      const piece = next.bytes.length > room ? next.bytes.subarray(0, room) : next.bytes;
      this.#underWay += piece.length;
      this.#lastArrival = Math.max(this.#lastArrival, time.now + latencyMs);
      time.after(this.#lastArrival - time.now, () => this.#arrive(piece), to);
      if (piece.length < next.bytes.length) {
        next.bytes = next.bytes.subarray(piece.length);
        continue;
      }
      this.#waiting.shift();
      const { taken } = next;
      if (taken !== undefined) {
        if (time.current === from) taken();
        else time.after(0, taken, from);
      }
      next = this.#waiting[0];
    }
    this.#endIfDone();
  }

  #arrive(piece: Buffer): void {
    if (this.silent || this.#broken) return;
    this.#received.push(piece);
    this.#hand();
  }

  #hand(): void {
    while (this.#wantsData && this.#received.length > 0) {
      const piece = this.#received.shift();
      if (piece === undefined) break;
      this.#underWay -= piece.length;
      this.readBytes += piece.length;
      if (!this.onData(piece)) this.#wantsData = false;
    }
    if (this.#waiting.length > 0 && this.#pumpTask === undefined) {
      const { time, from, latencyMs } = this.#options;
      const pump = (): void => {
        this.#pumpTask = undefined;
        this.#pump();
      };
      this.#pumpTask = time.after(latencyMs, pump, from);
    }
    this.#tellEnd();
  }

  #endIfDone(): void {
    if (!this.#ends || this.#waiting.length > 0) return;
    const { time, to, latencyMs } = this.#options;
    const at = Math.max(this.#lastArrival, time.now + latencyMs);
    const arrive = (): void => {
      if (this.silent) return;
      this.#ended = true;
      this.#tellEnd();
    };
    time.after(at - time.now, arrive, to);
  }

  #tellEnd(): void {
    if (!this.#ended || this.#received.length > 0) return;
    this.#ended = false;
    this.onEnd();
  }
}
