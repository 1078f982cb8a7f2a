import {
  createServerClient,
  PublishCommand,
  type Redis,
  type RedisSettings,
  SlotOwner,
} from '@route/redis';
import { type Cancel, type Clock, systemClock } from './clock.ts';
import type { Pieces } from './frame.ts';
import { type ClientMaker, RedisConnection } from './redis-connection.ts';
import type { Audience, BusTransport, TransportEvents } from './transport.ts';

/** Where frames travel. */
export interface RedisTransportOptions {
  /** The connection's name is extended by the role: one connection publishes, another subscribes. */
  readonly redis: RedisSettings;
  /**
   * Frames to all go through the channel `<namespace>:bus`, those to a node's followers through one of its own,
   * `<namespace>:bus:<node id>`; in a Redis Cluster `<namespace>:bus` is in braces: all are in one slot.
   */
  readonly namespace: string;
  readonly nodeId: string;
  readonly clock?: Clock;
}

/** How a channel is used: that of a whole Redis, or of the one node of a cluster that has its slot. */
const WAYS = {
  plain: {
    event: 'messageBuffer',
    publish: 'publish',
    subscribe: (client: Redis, channels: string[]) => client.subscribe(...channels),
  },
  sharded: {
    event: 'smessageBuffer',
    publish: 'spublish',
    subscribe: (client: Redis, channels: string[]) => client.ssubscribe(...channels),
  },
} as const;

/** After the channel's slot has moved: the other nodes may not know of it yet. */
const MOVED_PAUSE_MS = 100;

/**
 * Frames over Redis pub/sub. A node does not subscribe to its own frames, which are half of all that two nodes
 * send. In a cluster the channels are sharded: both connections go to the node that has their slot, and go
 * on to the next one when the slot moves. Publishing has a connection of its own, so that replies do not
 * queue behind what is pushed to the subscriber.
 */
export class RedisTransport implements BusTransport {
  readonly #way: (typeof WAYS)[keyof typeof WAYS];
  readonly #channels: Readonly<Record<Audience, string>>;
  readonly #clock: Clock;
  readonly #publisher: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #waiting: (() => void)[] = [];
  #events: TransportEvents | undefined;
  #followed: ReadonlySet<string> = new Set();
  #subscribed = false;
  /** Clients that have been asked to subscribe. */
  readonly #asked = new WeakSet<Redis>();
  #up = false;
  #unanswered = 0;
  #firstTry: (() => void) | undefined;
  #cancelMove: Cancel | undefined;

  constructor({ redis, namespace, nodeId, clock = systemClock }: RedisTransportOptions) {
    const sharded = redis.target.kind === 'cluster';
    this.#way = sharded ? WAYS.sharded : WAYS.plain;
    const all = sharded ? `{${namespace}:bus}` : `${namespace}:bus`;
    this.#channels = { all, followers: ownChannel(all, nodeId) };
    this.#clock = clock;
    const make = clientMaker(redis, all);
    const onError = (error: Error): void => this.#events?.onError(error);
    const named = (role: string): RedisSettings => ({
      ...redis,
      connectionName: `${redis.connectionName}-bus-${role}`,
    });
    this.#publisher = new RedisConnection({
      ...{ settings: named('publish'), make, clock },
      events: {
        onReady: () => this.#tellState(),
        onGone: () => this.#tellState(),
        onError,
      },
    });
    this.#subscriber = new RedisConnection({
      ...{ settings: named('subscribe'), make, clock },
      events: {
        onReady: (client) => void this.#subscribe(client),
        onGone: () => {
          this.#subscribed = false;
          this.#tellState();
        },
        onError,
      },
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

  publish(frame: Pieces, audience: Audience): boolean {
    const client = this.#publisher.client;
    if (client === undefined) return false;
    this.#unanswered += 1;
    const command = new PublishCommand(this.#way.publish, this.#channels[audience], frame);
    void client.sendCommand(command);
    command.promise.then(this.#answered, this.#refused);
    return true;
  }

  follow(nodes: readonly string[]): void {
    const before = this.#followed;
    this.#followed = new Set(nodes);
    const client = this.#subscriber.client;
    // A client that is not subscribed yet is about to ask for all that are followed by then.
    if (client === undefined || !this.#asked.has(client)) return;
    const begun = nodes.filter((node) => !before.has(node));
    if (begun.length === 0) return;
    this.#way.subscribe(client, this.#channelsOf(begun)).catch((error: unknown) => {
      if (client !== this.#subscriber.client) return;
      // What Redis has not done on one connection is asked of it on the next.
      this.#fail(error);
      this.#subscriber.renew();
    });
  }

  async settled(): Promise<void> {
    if (this.#unanswered === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    this.#events = undefined;
    this.#cancelMove?.();
    this.#publisher.close();
    this.#subscriber.close();
    this.#firstTry?.();
  }

  #channelsOf(nodes: Iterable<string>): string[] {
    return Array.from(nodes, (node) => ownChannel(this.#channels.all, node));
  }

  /** Counts as subscribed on Redis's reply only: 'ready' comes before Redis has seen the request. */
  async #subscribe(client: Redis): Promise<void> {
    // Only Buffers are listened for: with a 'message' listener every frame would become a string too.
    client.on(this.#way.event, (_channel: Buffer, frame: Buffer) => {
      if (client === this.#subscriber.client) this.#events?.onFrame(frame);
    });
    // Told by a node of a cluster to whom the channel's slot does not belong any more.
    client.on('moved', () => this.#moved());
    try {
      const channels = [this.#channels.all, ...this.#channelsOf(this.#followed)];
      this.#asked.add(client);
      await this.#way.subscribe(client, channels);
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

  #moved(): void {
    this.#cancelMove ??= this.#clock.after(MOVED_PAUSE_MS, () => {
      this.#cancelMove = undefined;
      this.reopen();
    });
  }

  #fail(error: unknown): void {
    this.#events?.onError(error instanceof Error ? error : new Error(String(error)));
    if (error instanceof Error && error.message.startsWith('MOVED')) this.#moved();
  }

  #tellState(): void {
    const up = this.#subscribed && this.#publisher.client !== undefined;
    if (up === this.#up) return;
    this.#up = up;
    this.#events?.onUp(up);
  }
}

function ownChannel(all: string, node: string): string {
  return `${all}:${node}`;
}

function clientMaker(redis: RedisSettings, channel: string): ClientMaker {
  if (redis.target.kind !== 'cluster') return async (settings) => createServerClient(settings);
  const owner = new SlotOwner(redis, redis.target, channel);
  return async (settings) => createServerClient(settings, await owner.find());
}
