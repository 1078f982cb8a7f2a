import type { Traffic } from './traffic.ts';

const TICK_MS = 5;

export interface PacerOptions {
  readonly traffic: Traffic;
  /** Of all senders together. */
  readonly pdusPerSecond: number;
  readonly pduBytes: number;
}

/**
 * Sends at an even rate over all open links in turn, without waiting for earlier PDUs (open loop).
 */
export class Pacer implements Disposable {
  readonly #options: PacerOptions;
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();
  #due = 0;
  #turn = 0;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { traffic, pdusPerSecond, pduBytes } = this.#options;
    const now = performance.now();
    this.#due += ((now - this.#lastMs) * pdusPerSecond) / 1000;
    this.#lastMs = now;
    const senders = traffic.open;
    const count = Math.floor(this.#due);
    this.#due -= count;
    if (senders.length === 0 || count === 0) return;
    const share = Math.floor(count / senders.length);
    const extra = count % senders.length;
    for (let i = 0; i < senders.length; i++) {
      const sender = senders[(this.#turn + i) % senders.length];
      const part = share + (i < extra ? 1 : 0);
      if (sender !== undefined && part > 0) traffic.send(sender, part, pduBytes);
    }
    this.#turn = (this.#turn + extra) % senders.length;
  }
}
