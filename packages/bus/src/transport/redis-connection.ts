import type { Redis, RedisSettings } from '@route/redis';
import type { Cancel, Clock } from '../clock.ts';

/** Events of a connection. */
export interface ConnectionEvents {
  /** Redis answers on a new client. The subscriptions of the previous client are gone. */
  onReady(client: Redis): void;
  /** The client of the last onReady is no longer usable. */
  onGone(): void;
  onError(error: Error): void;
}

/**
 * Makes a client for one attempt, not connected yet. It may have to find out first where to.
 * @throws what kept it from finding out.
 */
export type ClientMaker = (settings: RedisSettings) => Promise<Redis>;

/** Delay between attempts. Constant: after an outage no attempt should wait longer than this. */
const RETRY_MS = 150;

/**
 * An address that is gone answers nothing, and the system resends its SYN only after 1, 3, 7 s.
 * While one attempt waits for the configured timeout, a second one beside it connects at this
 * interval.
 */
const KNOCK_MS = 250;

export interface RedisConnectionOptions {
  readonly settings: RedisSettings;
  readonly make: ClientMaker;
  readonly clock: Clock;
  readonly events: ConnectionEvents;
}

/** One of the attempts that go on beside each other. */
interface Lane {
  readonly settings: RedisSettings;
  client: Redis | undefined;
  /** Changes with every attempt. Results of older attempts are ignored. */
  attempts: number;
  cancelRetry: Cancel;
}

/**
 * Keeps one connection to Redis open by making a new client for each attempt. A client that lives
 * for one connection has no state to be wrong about afterwards, and its own reconnect delay, which
 * grows to seconds, is never waited for.
 */
export class RedisConnection {
  readonly #lanes: readonly Lane[];
  readonly #make: ClientMaker;
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  #client: Redis | undefined;
  #tried: () => void = () => {};
  #closed = false;

  constructor({ settings, make, clock, events }: RedisConnectionOptions) {
    const lane = (connectTimeoutMs: number): Lane => ({
      settings: { ...settings, connectTimeoutMs },
      client: undefined,
      attempts: 0,
      cancelRetry: () => {},
    });
    const patience = settings.connectTimeoutMs;
    this.#lanes = patience > KNOCK_MS ? [lane(patience), lane(KNOCK_MS)] : [lane(patience)];
    this.#make = make;
    this.#clock = clock;
    this.#events = events;
  }

  /** The client that answers now, if there is one. */
  get client(): Redis | undefined {
    return this.#client;
  }

  /** Begins; resolves when a first attempt has succeeded or failed. */
  async open(): Promise<void> {
    const tried = new Promise<void>((resolve) => {
      this.#tried = resolve;
    });
    for (const lane of this.#lanes) this.#attempt(lane);
    await tried;
  }

  /**
   * Leaves a client that calls itself ready and begins anew at once. Attempts that are under way
   * are left to end in their own time: cut short again and again, no slow handshake would ever
   * succeed.
   */
  renew(): void {
    if (this.#closed || this.#client === undefined) return;
    this.#drop();
    for (const lane of this.#lanes) this.#attempt(lane);
  }

  /** Closes it for good. */
  close(): void {
    this.#closed = true;
    this.#drop();
    this.#tried();
  }

  #attempt(lane: Lane): void {
    const attempt = ++lane.attempts;
    this.#make(lane.settings).then(
      (client) => {
        if (attempt === lane.attempts) this.#connect(lane, client);
      },
      (error: unknown) => {
        if (attempt !== lane.attempts) return;
        this.#events.onError(error instanceof Error ? error : new Error(String(error)));
        this.#tried();
        this.#retry(lane);
      },
    );
  }

  #connect(lane: Lane, client: Redis): void {
    lane.client = client;
    client.on('error', (error: Error) => {
      if (client === lane.client) this.#events.onError(error);
    });
    client.on('ready', () => {
      if (client === lane.client) this.#won(lane, client);
    });
    client.on('close', () => {
      if (client === lane.client) this.#ended(lane, client);
    });
    // What goes wrong comes as an 'error' event, and 'close' begins the next attempt.
    client.connect().catch(() => {});
  }

  #won(winner: Lane, client: Redis): void {
    for (const lane of this.#lanes) if (lane !== winner) leave(lane);
    this.#client = client;
    this.#tried();
    this.#events.onReady(client);
  }

  #ended(lane: Lane, client: Redis): void {
    this.#tried();
    const again = client === this.#client ? this.#lanes : [lane];
    if (client === this.#client) this.#drop();
    else leave(lane);
    for (const next of again) this.#retry(next);
  }

  #retry(lane: Lane): void {
    lane.cancelRetry = this.#clock.after(RETRY_MS, () => this.#attempt(lane));
  }

  #drop(): void {
    for (const lane of this.#lanes) leave(lane);
    const hadClient = this.#client !== undefined;
    this.#client = undefined;
    if (hadClient) this.#events.onGone();
  }
}

function leave(lane: Lane): void {
  lane.cancelRetry();
  lane.attempts++;
  const { client } = lane;
  lane.client = undefined;
  // Also ends its own reconnecting; a socket that does not end in time is destroyed by the client.
  client?.disconnect();
}
