import { type Clock, systemClock } from '../clock.ts';
import type { Pieces } from '../wire/data-frame.ts';
import type { BusTransport, TransportEvents } from './transport.ts';

/** A frame on its way from one member to another, or back to itself. */
export interface Delivery {
  readonly frame: Buffer;
  readonly from: string;
  readonly to: string;
}

/**
 * Decides how one delivery goes: one delay in ms for each time that it arrives. An empty list loses
 * it, two repeat it, unequal ones reorder it.
 */
export type LinkFaults = (delivery: Delivery) => readonly number[];

const NO_FAULTS: LinkFaults = () => [0];

/** Joins the nodes of one process as Redis pub/sub joins processes; tests make it fail. */
export class MemoryHub {
  readonly #clock: Clock;
  readonly #members = new Map<string, MemoryTransport>();
  #faults: LinkFaults = NO_FAULTS;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** A transport for the node of that name. */
  join(name: string): BusTransport {
    const member = new MemoryTransport(this, name);
    this.#members.set(name, member);
    return member;
  }

  /** From now on deliveries go as `weather` decides; without it all arrive at once. */
  setFaults(weather: LinkFaults = NO_FAULTS): void {
    this.#faults = weather;
  }

  /** Takes a member's connections away and lets them come back only when it is mended. */
  cut(name: string): void {
    this.#members.get(name)?.setCut(true);
  }

  /** Ends a cut: the member's connections come back at once. */
  mend(name: string): void {
    this.#members.get(name)?.setCut(false);
  }

  /** Passes a frame on to all members, or to one. */
  deliver(frame: Buffer, from: string, only?: string): void {
    for (const [to, member] of this.#members) {
      if (only !== undefined && to !== only) continue;
      for (const ms of this.#faults({ frame, from, to })) {
        const arrive = (): void => member.take(frame);
        if (ms === 0) this.#clock.soon(arrive);
        else this.#clock.after(ms, arrive);
      }
    }
  }

  /** Forgets a member that has closed. */
  leave(name: string, member: MemoryTransport): void {
    if (this.#members.get(name) === member) this.#members.delete(name);
  }
}

class MemoryTransport implements BusTransport {
  readonly hearsOwn = true;
  readonly #hub: MemoryHub;
  readonly #name: string;
  #events: TransportEvents | undefined;
  #cut = false;

  constructor(hub: MemoryHub, name: string) {
    this.#hub = hub;
    this.#name = name;
  }

  async open(events: TransportEvents): Promise<void> {
    this.#events = events;
    if (!this.#cut) events.onUp(true);
  }

  reopen(): void {
    if (this.#cut) return;
    this.#events?.onUp(false);
    this.#events?.onUp(true);
  }

  publish(frame: Pieces, to?: string): boolean {
    if (this.#cut || this.#events === undefined) return false;
    this.#hub.deliver(Buffer.concat(frame), this.#name, to);
    return true;
  }

  async settled(): Promise<void> {}

  async close(): Promise<void> {
    this.#events = undefined;
    this.#hub.leave(this.#name, this);
  }

  /** A frame arrives, unless there is no connection for it. */
  take(frame: Buffer): void {
    if (!this.#cut) this.#events?.onFrame(frame);
  }

  setCut(cut: boolean): void {
    if (cut === this.#cut) return;
    this.#cut = cut;
    this.#events?.onUp(!cut);
  }
}
