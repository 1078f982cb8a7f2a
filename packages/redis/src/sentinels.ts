import type { Redis } from 'ioredis';
import type { Destination } from './connector.ts';
import { errorText } from './problems.ts';
import type { HostPort, SentinelTarget } from './target.ts';

/** Creates a client of one Sentinel, not connected yet; it reconnects only if given a delay. */
export type OpenSentinel = (at: HostPort, retryMs?: number) => Redis;

/** Maximum number of Sentinels learned from others. Then the oldest one is forgotten. */
const MAX_LEARNED = 8;

/** After this time a Sentinel that announces nothing, because it is away, is connected again. */
const WATCH_RETRY_MS = 5000;

const SWITCHED = '+switch-master';

const shared = new WeakMap<SentinelTarget, Sentinels>();

/**
 * The Sentinels of one target, in the order in which they are asked. All clients of the target share
 * it: what one has found out about a Sentinel need not be found out by each, nor at each attempt.
 */
export class Sentinels {
  readonly #target: SentinelTarget;
  #order: readonly HostPort[];
  readonly #learned: HostPort[] = [];
  /** Connections that have reached a primary. */
  #reached = 0;

  private constructor(target: SentinelTarget) {
    this.#target = target;
    this.#order = target.sentinels;
  }

  static of(target: SentinelTarget): Sentinels {
    const known = shared.get(target);
    if (known !== undefined) return known;
    const sentinels = new Sentinels(target);
    shared.set(target, sentinels);
    return sentinels;
  }

  /**
   * Asks one Sentinel after the other. One without an answer, or whose server turns out not to be a
   * primary, is asked last from then on: it may have an old view, and the next one a newer.
   * @throws when none names a server; with the reason of each.
   */
  async findPrimary(open: OpenSentinel): Promise<Destination> {
    const { name } = this.#target;
    const reasons: string[] = [];
    for (const sentinel of this.#order) {
      const reached = this.#reached;
      const said = await this.#ask(sentinel, open);
      if (typeof said !== 'string') {
        return {
          ...said,
          shown: `primary ${name} at ${shownAs(said)}, named by Sentinel ${shownAs(sentinel)}`,
          accepted: (leave) => {
            this.#reached += 1;
            return this.#watch(open, said, leave);
          },
          failed: () => {
            // An attempt older than the last success says nothing about the order since.
            if (reached === this.#reached) this.#putLast(sentinel);
          },
        };
      }
      reasons.push(said);
      this.#putLast(sentinel);
    }
    throw new Error(
      `all Sentinels of ${name} unreachable, or without answer: ${reasons.join(', ')}`,
    );
  }

  /** @returns the server that it names, or the reason why it names none. */
  async #ask(sentinel: HostPort, open: OpenSentinel): Promise<HostPort | string> {
    const { name } = this.#target;
    const client = open(sentinel);
    let reason: unknown;
    client.on('error', (error: Error) => {
      reason = error;
    });
    try {
      await client.connect();
      const reply: unknown = await client.call('SENTINEL', 'get-master-addr-by-name', name);
      const primary = addressOf(reply);
      if (primary === undefined) return `Sentinel ${shownAs(sentinel)} names no server`;
      await this.#learn(client);
      return this.#reachedAt(primary);
    } catch (error) {
      const text = errorText(reason ?? error);
      return text.includes(shownAs(sentinel)) ? text : `${shownAs(sentinel)}: ${text}`;
    } finally {
      client.disconnect();
    }
  }

  /** Learns of the other Sentinels; those of the settings may be replaced over time. */
  async #learn(client: Redis): Promise<void> {
    const reply: unknown = await client.call('SENTINEL', 'sentinels', this.#target.name).catch(
      // It has answered what matters.
      () => [],
    );
    for (const fields of Array.isArray(reply) ? reply.map(fieldsOf) : []) {
      const announced = addressOf([fields.get('ip'), fields.get('port')]);
      if (announced === undefined || fields.get('flags')?.includes('disconnected')) continue;
      const at = this.#reachedAt(announced);
      if (this.#order.some((known) => shownAs(known) === shownAs(at))) continue;
      this.#learned.push(at);
      const forgotten = this.#learned.length > MAX_LEARNED ? this.#learned.shift() : undefined;
      this.#order = [...this.#order.filter((known) => known !== forgotten), at];
    }
  }

  /** Calls back when a Sentinel announces a primary other than `at`. @returns how to end it. */
  #watch(open: OpenSentinel, at: HostPort, leave: () => void): () => void {
    const clients = this.#order.map((sentinel) => {
      const client = open(sentinel, WATCH_RETRY_MS);
      // Without a listener the library writes errors itself. The others are watched too.
      client.on('error', () => {});
      client.on('ready', () => {
        client.subscribe(SWITCHED).catch(() => {});
      });
      client.on('message', (_channel: string, text: string) => {
        const [name, , , host = '', port] = text.split(' ');
        if (name !== this.#target.name) return;
        const primary = this.#reachedAt({ host, port: Number(port) });
        if (shownAs(primary) === shownAs(at)) return;
        // The old one may go on as a primary for seconds, and others may still name it.
        this.#order = [sentinel, ...this.#order.filter((other) => other !== sentinel)];
        leave();
      });
      client.connect().catch(() => {});
      return client;
    });
    return () => {
      for (const client of clients) client.disconnect();
    };
  }

  #putLast(sentinel: HostPort): void {
    if (!this.#order.includes(sentinel)) return;
    this.#order = [...this.#order.filter((other) => other !== sentinel), sentinel];
  }

  #reachedAt(announced: HostPort): HostPort {
    return this.#target.addressMap?.get(shownAs(announced)) ?? announced;
  }
}

function addressOf(reply: unknown): HostPort | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [host, port]: unknown[] = reply;
  return typeof host === 'string' && host !== '' ? { host, port: Number(port) } : undefined;
}

/** Names and values in turn. */
function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const words: unknown[] = Array.isArray(reply) ? reply : [];
  for (let i = 0; i + 1 < words.length; i += 2) fields.set(String(words[i]), String(words[i + 1]));
  return fields;
}

function shownAs({ host, port }: HostPort): string {
  return `${host}:${port}`;
}
