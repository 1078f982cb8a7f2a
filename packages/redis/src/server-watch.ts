import { Cluster } from 'ioredis';
import { createServerClient, type RedisClient } from './client.ts';
import { serverOf } from './connector.ts';
import { redisProblem } from './problems.ts';
import type { RedisSettings } from './target.ts';

export interface ServerWatchOptions {
  readonly client: RedisClient;
  readonly settings: RedisSettings;
  /** Reconnects, with the name resolved and the password read again. */
  renewed(reason: string): void;
  /** Finds out which server the address leads to now; by a connection of its own by default. */
  readonly ask?: () => Promise<string | undefined>;
  /** Time within which to leave a server that the address no longer leads to. */
  readonly moveWithinMs: number;
  /** Monotonic milliseconds. */
  now(): number;
}

/** The longest interval at which the address is checked. */
const ASK_EVERY_MS = 5000;

/** A different answer is checked again by then at the latest: a name may resolve to several servers. */
const ASK_AGAIN_MS = 500;

/** Time of failures after which another connection is tried, even if it is unlikely to help. */
const FAILING_MS = 5000;

/** The least time between two renewals. */
const RENEW_EVERY_MS = 1000;

/**
 * Has a client leave a server that is not the right one, or not any more: one that was demoted,
 * that refuses the account, that fails again and again, or that the address no longer leads to.
 */
export class ServerWatch {
  readonly #options: ServerWatchOptions;
  readonly #ask: () => Promise<string | undefined>;
  readonly #askEveryMs: number;
  readonly #askAgainMs: number;
  #failingSinceMs: number | undefined;
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  /** The last answer, if it is another server than the client's. */
  #elsewhere: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(options: ServerWatchOptions) {
    this.#options = options;
    this.#ask = options.ask ?? (() => askServer(options.settings));
    // Some of the time is left for the answers and for the new connection.
    this.#askEveryMs = Math.min(ASK_EVERY_MS, options.moveWithinMs / 2);
    this.#askAgainMs = Math.min(ASK_AGAIN_MS, options.moveWithinMs / 8);
  }

  /** Starts checking where the address leads. The nodes of a cluster report moves themselves. */
  start(): void {
    if (this.#options.client instanceof Cluster) return;
    this.#running = true;
    this.#schedule();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Redis has executed a command. */
  succeeded(): void {
    this.#failingSinceMs = undefined;
  }

  /** Redis has refused, or not answered. */
  failed(reason: string): void {
    const nowMs = this.#options.now();
    this.#failingSinceMs ??= nowMs;
    const { renews } = redisProblem(reason);
    if (renews || nowMs - this.#failingSinceMs >= FAILING_MS) this.#renew(reason);
  }

  #renew(reason: string): void {
    const { client, now, renewed } = this.#options;
    // A client that is not ready is connecting already: another attempt would only delay it.
    if (client.status !== 'ready' || now() - this.#renewedAtMs < RENEW_EVERY_MS) return;
    this.#renewedAtMs = now();
    this.#failingSinceMs = undefined;
    renewed(reason);
    client.disconnect(true);
  }

  #schedule(): void {
    if (!this.#running) return;
    const delayMs = this.#elsewhere === undefined ? this.#askEveryMs : this.#askAgainMs;
    this.#timer = setTimeout(() => void this.#look(), delayMs);
  }

  async #look(): Promise<void> {
    const { client } = this.#options;
    const current = (): string | undefined =>
      client.status === 'ready' ? serverOf(client)?.runId || undefined : undefined;
    const there = current() === undefined ? undefined : await this.#ask();
    const here = current();
    const isElsewhere = there !== undefined && here !== undefined && there !== here;
    if (isElsewhere && there === this.#elsewhere) {
      this.#elsewhere = undefined;
      this.#renew(`the address of Redis leads to another server: ${there} instead of ${here}`);
    } else {
      this.#elsewhere = isElsewhere ? there : undefined;
    }
    this.#schedule();
  }
}

/** The run id of the server that a new connection reaches; undefined without a server or an id. */
async function askServer(settings: RedisSettings): Promise<string | undefined> {
  const client = createServerClient({
    ...settings,
    connectionName: `${settings.connectionName}-look`,
  });
  client.on('error', () => {}); // only says that there is no answer
  try {
    await client.connect();
    return serverOf(client)?.runId || undefined;
  } catch {
    return undefined;
  } finally {
    client.disconnect();
  }
}
