import type { Redis, RedisSettings } from '@route/redis';
import { type Clock, systemClock } from './clock.ts';
import { RedisConnection } from './redis-connection.ts';
import type { BusTransport, TransportEvents } from './transport.ts';

/** Where frames travel. */
export interface RedisTransportOptions {
  /** The connection's name is extended by the role: one connection publishes, another subscribes. */
  readonly redis: RedisSettings;
  /** Frames go through the channel `<namespace>:bus`. */
  readonly namespace: string;
  readonly clock?: Clock;
}

/**
 * Frames over Redis pub/sub. Publishing has a connection of its own, so that replies do not queue
 * behind what is pushed to the subscriber.
 */
export class RedisTransport implements BusTransport {
  readonly #channel: string;
  readonly #publisher: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #waiting: (() => void)[] = [];
  #events: TransportEvents | undefined;
  #subscribed = false;
  #up = false;
  #unanswered = 0;
  #firstTry: (() => void) | undefined;

  constructor({ redis, namespace, clock = systemClock }: RedisTransportOptions) {
    this.#channel = `${namespace}:bus`;
    const onError = (error: Error): void => this.#events?.onError(error);
    const named = (role: string): RedisSettings => ({
      ...redis,
      connectionName: `${redis.connectionName}-bus-${role}`,
    });
    this.#publisher = new RedisConnection(named('publish'), clock, {
      onReady: () => this.#tellState(),
      onGone: () => this.#tellState(),
      onError,
    });
    this.#subscriber = new RedisConnection(named('subscribe'), clock, {
      onReady: (client) => void this.#subscribe(client),
      onGone: () => {
        this.#subscribed = false;
        this.#tellState();
      },
      onError,
    });
  }

  async open(events: TransportEvents): Promise<void> {
    this.#events = events;
    const tried = new Promise<void>((resolve) => {
      this.#firstTry = resolve;
    });
    const subscriberOpen = this.#subscriber.open();
    await this.#publisher.open();
    await subscriberOpen;
    if (this.#subscriber.client !== undefined) await tried;
  }

  reopen(): void {
    this.#publisher.renew();
    this.#subscriber.renew();
  }

  publish(frame: Buffer): boolean {
    const client = this.#publisher.client;
    if (client === undefined) return false;
    this.#unanswered += 1;
    client.publish(this.#channel, frame).then(this.#answered, this.#refused);
    return true;
  }

  async settled(): Promise<void> {
    if (this.#unanswered === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    this.#events = undefined;
    this.#publisher.close();
    this.#subscriber.close();
    this.#firstTry?.();
  }

  /** Counts as subscribed on Redis's reply only: 'ready' comes before Redis has seen the request. */
  async #subscribe(client: Redis): Promise<void> {
    // Only Buffers are listened for: with a 'message' listener every frame would become a string too.
    client.on('messageBuffer', (_channel: Buffer, frame: Buffer) => {
      if (client === this.#subscriber.client) this.#events?.onFrame(frame);
    });
    try {
      await client.subscribe(this.#channel);
      if (client !== this.#subscriber.client) return;
      this.#subscribed = true;
      this.#tellState();
    } catch (error) {
      // Not tried again here: a bus that does not hear itself reopens the transport.
      this.#fail(error);
    } finally {
      this.#firstTry?.();
    }
  }

  readonly #answered = (): void => {
    this.#unanswered -= 1;
    if (this.#unanswered === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  };

  readonly #refused = (error: unknown): void => {
    this.#fail(error);
    this.#answered();
  };

  #fail(error: unknown): void {
    this.#events?.onError(error instanceof Error ? error : new Error(String(error)));
  }

  #tellState(): void {
    const up = this.#subscribed && this.#publisher.client !== undefined;
    if (up === this.#up) return;
    this.#up = up;
    this.#events?.onUp(up);
  }
}
