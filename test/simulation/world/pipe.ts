import type { SimProcess, Task, VirtualTime } from './virtual-time.ts';

export interface PipeOptions {
  readonly time: VirtualTime;
  readonly from: SimProcess;
  readonly to: SimProcess;
  /** One way, in ms. */
  readonly latencyMs: number;
  /** What both kernels take together before the reader reads. */
  readonly capacityBytes: number;
  /** Bytes come in pieces of up to so many. */
  readonly pieceBytes: number;
}

interface Waiting {
  bytes: Buffer;
  readonly taken: (() => void) | undefined;
}

/** One direction of a TCP connection: in order, bounded, and whole unless the connection breaks. */
export class Pipe {
  /** Takes a piece in; false: takes no more until {@link Pipe.readOn}. */
  onData: (piece: Buffer) => boolean = () => true;
  onEnd: () => void = () => {};
  /** The network loses everything from now on; neither side hears of it. */
  silent = false;
  /** Bytes that the reader has taken. */
  readBytes = 0;
  readonly #options: PipeOptions;
  #waiting: Waiting[] = [];
  #received: Buffer[] = [];
  /** Taken by the kernels, not yet read. */
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

  /** Whether there is something that the reader has not read. */
  get hasUnread(): boolean {
    return this.#received.length > 0 || this.#underWay > 0;
  }

  /** Bytes that the kernels have not taken yet. */
  get pendingBytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** `taken` is called once the kernel has all of it. */
  write(bytes: Buffer, taken?: () => void): void {
    if (this.#broken || this.#ends) return;
    this.#waiting.push({ bytes, taken });
    this.#pump();
  }

  /** The writer ends it, behind all that it has written. */
  end(): void {
    if (this.#ends) return;
    this.#ends = true;
    this.#endIfDone();
  }

  /** What is not with the reader yet is gone, or only what the kernel had not taken. */
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
