import { type RouteAddress, routeAddressText } from './address.ts';
import type { Cancel } from './clock.ts';
import { Connection } from './connection.ts';
import type { LinkDown } from './events.ts';
import type { ClientSettings } from './options.ts';

/** Events of a RouteLink for its client. */
export interface RouteLinkEvents {
  up(link: RouteLink): void;
  pdu(link: RouteLink, pdu: Buffer): void;
  drained(link: RouteLink): void;
  down(link: RouteLink, how: LinkDown): void;
}

/** Dependencies of a RouteLink. */
export interface RouteLinkOptions {
  /** Tried in turn: the first one first, the others in an order drawn at random. */
  readonly addresses: readonly [RouteAddress, ...RouteAddress[]];
  readonly settings: ClientSettings;
  readonly events: RouteLinkEvents;
}

/** Input of the delay before the next attempt. */
export interface ReconnectDelay {
  /** How many rounds of attempts have failed since a link was last of use. */
  readonly failures: number;
  readonly firstMs: number;
  readonly mostMs: number;
  /** From 0 up to but not including 1. */
  readonly random: number;
}

/**
 * Returns the delay before reconnecting, in ms: protocol, 2 to 4 s after a link is lost, then up to
 * 8, 16, 32 and 64 s. Each is drawn from the upper half of its range, so that the msg_servers of a
 * dead node do not all reconnect at one moment.
 */
export function reconnectDelayMs({ failures, firstMs, mostMs, random }: ReconnectDelay): number {
  const longest = Math.min(mostMs, firstMs * 2 ** failures);
  return longest * (0.5 + random / 2);
}

/** One link that is kept up: connects, and after every end connects again. */
export class RouteLink {
  readonly #options: RouteLinkOptions;
  readonly #turns: readonly RouteAddress[];
  #address: RouteAddress;
  #turn = 0;
  #connection: Connection | undefined;
  #cancelRetry: Cancel = () => {};
  /** Attempts since the last received data: an address that only accepts links is no success. */
  #attempts = 0;
  #closed = false;
  #onGone: () => void = () => {};

  constructor(options: RouteLinkOptions) {
    this.#options = options;
    const [first, ...others] = options.addresses;
    this.#address = first;
    // The links of a dead node spread over all others.
    this.#turns = [first, ...shuffled(others, options.settings.random)];
  }

  /** The address that it is on, tries, or was on last: `host:port`. */
  get address(): string {
    return routeAddressText(this.#address);
  }

  get isUp(): boolean {
    return this.#connection?.isUp ?? false;
  }

  /** Whether more should wait. */
  get isFull(): boolean {
    return this.#connection?.isFull ?? false;
  }

  /** Begins to connect. */
  start(): void {
    const { settings, events } = this.#options;
    this.#address = this.#turns[this.#turn % this.#turns.length] ?? this.#address;
    this.#turn++;
    let wasUp = false;
    this.#connection = new Connection(this.#address, settings, {
      up: () => {
        wasUp = true;
        events.up(this);
      },
      pdu: (pdu) => {
        this.#attempts = 0;
        events.pdu(this, pdu);
      },
      drained: () => events.drained(this),
      closed: (down) => {
        this.#connection = undefined;
        const retryMs = this.#closed ? undefined : this.#retry();
        events.down(this, { ...down, address: this.address, wasUp, retryMs });
        if (this.#closed) this.#onGone();
      },
    });
  }

  /** Sends whole PDUs; ignored while it is not up. */
  write(bytes: Buffer): void {
    if (this.isUp) this.#connection?.write(bytes);
  }

  /** Closes the current connection; another one follows. */
  drop(): void {
    this.#connection?.destroy();
  }

  /** Closes it for good; after `graceMs` without waiting for the other side to read. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    const connection = this.#connection;
    if (connection === undefined) return;
    const cancel = this.#options.settings.clock.after(graceMs, () => connection.destroy());
    await new Promise<void>((resolve) => {
      this.#onGone = resolve;
      connection.end();
    });
    cancel();
  }

  #retry(): number {
    const { settings } = this.#options;
    const { reconnectFirstMs: firstMs, reconnectMostMs: mostMs, random, clock } = settings;
    // With several addresses each gets its attempt before the delays grow.
    const failures = Math.floor(this.#attempts / this.#turns.length);
    this.#attempts++;
    const retryMs = reconnectDelayMs({ failures, firstMs, mostMs, random: random() });
    this.#cancelRetry = clock.after(retryMs, () => this.start());
    return retryMs;
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const drawn = items.map((item) => ({ item, place: random() }));
  return drawn.sort((a, b) => a.place - b.place).map(({ item }) => item);
}
