import {
  createServerClient,
  PublishCommand,
  type Redis,
  type RedisSettings,
  type RedisTarget,
  type ServerIdentity,
  SlotOwner,
  serverOf,
} from '@route/redis';
import { type Cancel, type Clock, systemClock } from '../clock.ts';
import type { Pieces } from '../wire/data-frame.ts';
import { type ClientMaker, RedisConnection } from './redis-connection.ts';
import type { BusTransport, TransportEvents } from './transport.ts';

/** Where frames travel. */
export interface RedisTransportOptions {
  /**
   * The connection's name is extended by the role: one connection publishes, another subscribes.
   */
  readonly redis: RedisSettings;
  /**
   * Frames for all go through the channel `<namespace>:bus:<database>`, frames for one node through
   * `<namespace>:bus:<database>:<node id>`; in a Redis Cluster, `{<namespace>:bus:0}` and
   * `{<namespace>:bus:0}:<node id>`. Pub/sub knows no databases: without the number, nodes on
   * different ones would hear each other.
   */
  readonly namespace: string;
  readonly nodeId: string;
  readonly clock?: Clock;
}

/**
 * How a channel is used: that of a whole Redis, or of the one node of a cluster that has its slot.
 */
const WAYS = {
  plain: {
    event: 'messageBuffer',
    publish: 'publish',
    subscribe: (client: Redis, channel: string) => client.subscribe(channel),
  },
  sharded: {
    event: 'smessageBuffer',
    publish: 'spublish',
    subscribe: (client: Redis, channel: string) => client.ssubscribe(channel),
  },
} as const;

/** After the channel's slot has moved: the other nodes may not know of it yet. */
const MOVED_PAUSE_MS = 100;

const SILENT_MS = 5000;

/**
 * Frames over Redis pub/sub. In a cluster the channel is sharded: both connections go to the node
 * that has its slot, and go on to the next one when the slot moves. Publishing has a connection of
 * its own, so that replies do not queue behind what is pushed to the subscriber.
 */
export class RedisTransport implements BusTransport {
  readonly #nodeId: string;
  readonly #way: (typeof WAYS)[keyof typeof WAYS];
  readonly #channel: string;
  readonly #clock: Clock;
  readonly #publisher: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #waiting: (() => void)[] = [];
  #events: TransportEvents | undefined;
  #subscribed = false;
  #hearsOwn = false;
  #up = false;
  #unanswered = 0;
  #firstTry: (() => void) | undefined;
  #cancelMove: Cancel | undefined;

  constructor({ redis, namespace, nodeId, clock = systemClock }: RedisTransportOptions) {
    this.#nodeId = nodeId;
    const sharded = redis.target.kind === 'cluster';
    this.#way = sharded ? WAYS.sharded : WAYS.plain;
    const channel = `${namespace}:bus:${databaseOf(redis.target)}`;
    this.#channel = sharded ? `{${channel}}` : channel;
    this.#clock = clock;
    const make = clientMaker(redis, this.#channel);
    const onError = (error: Error): void => this.#events?.onError(error);
    const named = (role: string): RedisSettings => ({
      ...bounded(redis),
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
          this.#hearsOwn = false;
          this.#tellState();
        },
        onError,
      },
    });
  }

  get hearsOwn(): boolean {
    return this.#hearsOwn;
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

  /**
   * Has the bus be at one server with the caller: a connection that ends at another one is made
   * anew.
   */
  follow(server: ServerIdentity): void {
    for (const connection of [this.#publisher, this.#subscriber]) {
      const { client } = connection;
      const at = client && serverOf(client)?.runId;
      if (at !== undefined && at !== '' && server.runId !== '' && at !== server.runId) {
        connection.renew();
      }
    }
  }

  publish(frame: Pieces, to?: string): boolean {
    const client = this.#publisher.client;
    if (client === undefined) return false;
    this.#unanswered += 1;
    const channel = to === undefined ? this.#channel : this.#channelOf(to);
    const command = new PublishCommand(this.#way.publish, channel, frame);
    void client.sendCommand(command);
    command.promise.then(this.#answered, this.#refused);
    return true;
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

  /**
   * Counts as subscribed on Redis's reply only: 'ready' comes before Redis has seen the request.
   */
  async #subscribe(client: Redis): Promise<void> {
    // Only Buffers are listened for: with a 'message' listener every frame would become a string
    // too.
    client.on(this.#way.event, (_channel: Buffer, frame: Buffer) => {
      if (client === this.#subscriber.client) this.#events?.onFrame(frame);
    });
    // Sent by a cluster node that no longer owns the channel's slot.
    client.on('moved', () => this.#moved());
    try {
      // First its own: by the time that this node is heard, what is published to it alone arrives.
      const hearsOwn = await this.#subscribeOwn(client);
      await this.#way.subscribe(client, this.#channel);
      if (client !== this.#subscriber.client) return;
      this.#hearsOwn = hearsOwn;
      this.#subscribed = true;
      this.#tellState();
    } catch (error) {
      // Not tried again here: a bus that does not hear itself reopens the transport.
      this.#fail(error);
    } finally {
      this.#firstTry?.();
    }
  }

  /**
   * An account that was made for an earlier version may not: the node then does with what is for
   * all.
   */
  async #subscribeOwn(client: Redis): Promise<boolean> {
    try {
      await this.#way.subscribe(client, this.#channelOf(this.#nodeId));
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #channelOf(node: string): string {
    return `${this.#channel}:${node}`;
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

/**
 * A connection that goes silent is left by a bus that does not hear itself. This ends one on which
 * only the replies are missing, and leaves a large publish on a slow network the time that it
 * takes.
 */
function bounded(redis: RedisSettings): RedisSettings {
  return { ...redis, silentMs: Math.max(SILENT_MS, 2 * redis.commandTimeoutMs) };
}

/** The number of the database that a target names. */
function databaseOf(target: RedisTarget): number {
  if (target.kind !== 'single') return 0;
  const { pathname, searchParams } = new URL(target.url);
  const number = Number(searchParams.get('db') ?? pathname.slice(1));
  return Number.isSafeInteger(number) ? number : 0;
}

function clientMaker(redis: RedisSettings, channel: string): ClientMaker {
  if (redis.target.kind !== 'cluster') return async (settings) => createServerClient(settings);
  const owner = new SlotOwner(redis, redis.target, channel);
  return async (settings) => createServerClient(settings, await owner.find());
}
