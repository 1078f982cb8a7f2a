import type { Cancel, Clock } from '../clock.ts';
import type { BusTransport, TransportEvents } from '../transport/transport.ts';
import type { Pieces } from '../wire/data-frame.ts';

/**
 * The clock and the transport of a process that can be stopped, as by SIGSTOP: time goes on, but
 * its timers do not run, and what arrives waits in its sockets until it goes on.
 */
export class Stoppable implements Clock, BusTransport {
  readonly #clock: Clock;
  readonly #transport: BusTransport;
  #waiting: (() => void)[] | undefined;

  constructor(clock: Clock, transport: BusTransport) {
    this.#clock = clock;
    this.#transport = transport;
  }

  get stopped(): boolean {
    return this.#waiting !== undefined;
  }

  stop(): void {
    this.#waiting ??= [];
  }

  /** Goes on, with everything that has waited, in the order in which it became due. */
  go(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const run of waiting) run();
  }

  now(): number {
    return this.#clock.now();
  }

  soon(run: () => void): void {
    this.#clock.soon(() => this.#run(run));
  }

  after(ms: number, run: () => void): Cancel {
    let cancelled = false;
    const cancel = this.#clock.after(ms, () =>
      this.#run(() => {
        if (!cancelled) run();
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  }

  async open(events: TransportEvents): Promise<void> {
    await this.#transport.open({
      onFrame: (frame) => this.#run(() => events.onFrame(frame)),
      onUp: (up) => this.#run(() => events.onUp(up)),
      onError: (error) => this.#run(() => events.onError(error)),
    });
  }

  reopen(): void {
    this.#transport.reopen();
  }

  get hearsOwn(): boolean {
    return this.#transport.hearsOwn;
  }

  publish(frame: Pieces, to?: string): boolean {
    return this.#transport.publish(frame, to);
  }

  async settled(): Promise<void> {
    await this.#transport.settled();
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  #run(run: () => void): void {
    if (this.#waiting === undefined) run();
    else this.#waiting.push(run);
  }
}
