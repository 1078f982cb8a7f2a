import {
  loadScripts,
  onServerGone,
  type RedisClient,
  readPrimaries,
  runScript,
} from '@route/redis';
import { aboutKey, leasesKey } from './keys.ts';
import { type NodeAbout, parseAbout } from './node-about.ts';
import { SCRIPTS } from './scripts.ts';

/** Which nodes hold a lease, and which held one not long ago. */
export interface Members {
  readonly live: readonly string[];
  readonly dead: readonly string[];
  /** What the live ones say of themselves; one whose software says it otherwise is missing. */
  readonly about: readonly NodeAbout[];
}

export interface LeaseEvents {
  /**
   * The lease is held, and what Redis knows of this node is in doubt: it is new, was lost, or the
   * connection was. Everything must be asserted again.
   */
  taken(): void;
  /** Redis cannot be relied on until {@link LeaseEvents.taken} is told again. */
  doubted(reason: string): void;
  /** After each renewal. */
  members(members: Members): void;
  /** A renewal has failed; told each time. */
  failed?(reason: string): void;
}

export interface LeaseOptions {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly nodeId: string;
  /** How long a node that does not renew is still believed. */
  readonly leaseMs: number;
  /** What this node says of itself now. */
  about(): NodeAbout;
  readonly events: LeaseEvents;
}

/** How long an ended lease is remembered, so that its node is known to be dead and not merely unknown. */
const REMEMBER_MS = 600_000;

/** How soon a failed renewal is tried again. */
const RETRY_MS = 250;

const LEASE_ENDED = 'the lease had ended';
const PRIMARIES_CHANGED = 'another server of the Redis Cluster has taken over';

/**
 * A node's right to be believed. Renews the lease, tells whether Redis can be relied on, and who else
 * lives. It is also the probe of the connection: what does not answer is doubted, whatever the
 * client library says of it.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #renewEveryMs: number;
  readonly #keys: readonly [leases: string, about: string];
  #held = false;
  #stopped = true;
  #renewing = false;
  #timer: NodeJS.Timeout | undefined;
  #stopWatching: () => void = () => {};
  /** Which servers held the data at the last renewal. */
  #primaries: string | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#renewEveryMs = Math.min(1000, Math.max(50, options.leaseMs / 10));
    this.#keys = [leasesKey(options.namespace), aboutKey(options.namespace)];
  }

  /** Whether the lease is held and Redis answers. */
  get held(): boolean {
    return this.#held;
  }

  /**
   * Which nodes live, as Redis says at this moment; renews the lease on the way.
   * @throws the client's error when Redis does not answer.
   */
  async readMembers(): Promise<Members> {
    const { held, members } = await this.#askRedis();
    // This call has taken up what had lapsed; the next renewal must not find it in good order.
    if (!held) this.doubt('the lease had ended');
    return members;
  }

  /** Takes the lease as soon as Redis answers, and keeps it. */
  start(): void {
    this.#stopped = false;
    const { redis } = this.#options;
    redis.on('ready', this.#onReady);
    this.#stopWatching = onServerGone(redis, () => this.doubt('connection to Redis lost'));
    this.#schedule(0);
  }

  /** Lets the lease run out. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#options.redis.off('ready', this.#onReady);
    this.#stopWatching();
    this.#held = false;
  }

  /** A call has failed or its outcome is unknown: nothing that Redis holds of this node is sure. */
  doubt(reason: string): void {
    if (this.#held) {
      this.#held = false;
      this.#options.events.doubted(reason);
    }
    if (!this.#renewing) this.#schedule(RETRY_MS);
  }

  readonly #onReady = (): void => this.#schedule(0);

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#renew(), delayMs);
  }

  async #askRedis(): Promise<{ held: boolean; members: Members }> {
    const { redis, nodeId, leaseMs } = this.#options;
    const about = JSON.stringify(this.#options.about());
    const args = [...this.#keys, nodeId, leaseMs, REMEMBER_MS, about];
    return parseReply(await runScript(redis, SCRIPTS.renewLease, args));
  }

  async #renew(): Promise<void> {
    if (this.#renewing || this.#options.redis.status !== 'ready') return;
    this.#renewing = true;
    const { redis, events } = this.#options;
    const wasHeld = this.#held;
    try {
      if (!wasHeld) await loadScripts(redis, Object.values(SCRIPTS));
      const primaries = await readPrimaries(redis);
      const { held, members } = await this.#askRedis();
      if (this.#stopped) return;
      const moved = this.#primaries !== undefined && this.#primaries !== primaries;
      this.#primaries = primaries;
      // A doubt that came up while this renewal was under way is newer than its answer.
      const stillHeld = this.#held;
      if (wasHeld && !stillHeld) return this.#schedule(RETRY_MS);
      const sure = held && !moved;
      if (wasHeld && !sure) events.doubted(held ? PRIMARIES_CHANGED : LEASE_ENDED);
      this.#held = true;
      events.members(members);
      if (!wasHeld || !sure) events.taken();
      this.#schedule(this.#renewEveryMs);
    } catch (error) {
      this.#renewing = false;
      const reason = error instanceof Error ? error.message : String(error);
      events.failed?.(reason);
      this.doubt(reason);
    } finally {
      this.#renewing = false;
    }
  }
}

function parseReply(reply: unknown): { held: boolean; members: Members } {
  if (!Array.isArray(reply))
    throw new Error(`renew-lease replied ${String(reply)}, expected a list`);
  const [held, live, dead, about]: unknown[] = reply;
  const members = {
    live: strings(live),
    dead: strings(dead),
    about: strings(about)
      .map(parseAbout)
      .filter((said) => said !== undefined),
  };
  return { held: held === 1, members };
}

function strings(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}
