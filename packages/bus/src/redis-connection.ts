import { createRedisClient, type Redis, type RedisSettings } from '@route/redis';
import type { Cancel, Clock } from './clock.ts';

/** What the owner of a connection is told. */
export interface ConnectionEvents {
  /** Redis answers on a new client; whatever the last one had subscribed to is gone. */
  onReady(client: Redis): void;
  /** The client of the last onReady is of no use any more. */
  onGone(): void;
  onError(error: Error): void;
}

/** Between attempts. Constant: after an outage nothing should wait longer than this to begin. */
const RETRY_MS = 150;

/**
 * Keeps one connection to Redis open by making a new client for each attempt. A client that lives for
 * one connection has no state to be wrong about afterwards, and its own reconnect delay, which grows
 * to seconds, is never waited for.
 */
export class RedisConnection {
  readonly #settings: RedisSettings;
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  #client: Redis | undefined;
  #ready = false;
  #cancelRetry: Cancel = () => {};
  #closed = false;

  constructor(settings: RedisSettings, clock: Clock, events: ConnectionEvents) {
    this.#settings = settings;
    this.#clock = clock;
    this.#events = events;
  }

  /** The client that answers now, if there is one. */
  get client(): Redis | undefined {
    return this.#ready ? this.#client : undefined;
  }

  /** Makes a first attempt; resolves when it has succeeded or failed. */
  async open(): Promise<void> {
    await this.#attempt();
  }

  /**
   * Leaves a client that calls itself ready and begins anew at once. An attempt that is under way is left
   * to end in its own time: cut short again and again, no slow handshake would ever succeed.
   */
  renew(): void {
    if (this.#closed || !this.#ready) return;
    this.#drop();
    // Its outcome comes as an event, as that of every later attempt does.
    void this.#attempt();
  }

  /** Ends it for good. */
  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #attempt(): Promise<void> {
    const client = createRedisClient(this.#settings);
    this.#client = client;
    client.on('error', (error: Error) => {
      if (client === this.#client) this.#events.onError(error);
    });
    client.on('ready', () => {
      if (client !== this.#client) return;
      this.#ready = true;
      this.#events.onReady(client);
    });
    client.on('close', () => {
      if (client !== this.#client) return;
      this.#drop();
      this.#cancelRetry = this.#clock.after(RETRY_MS, () => void this.#attempt());
    });
    try {
      await client.connect();
    } catch {
      // What was wrong has come as an 'error' event, and 'close' begins the next attempt.
    }
  }

  #drop(): void {
    const client = this.#client;
    const wasReady = this.#ready;
    this.#cancelRetry();
    this.#client = undefined;
    this.#ready = false;
    // Also ends its own reconnecting; a socket that does not end in time is destroyed by the client.
    client?.disconnect();
    if (wasReady) this.#events.onGone();
  }
}
