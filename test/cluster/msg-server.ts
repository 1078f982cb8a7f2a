import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import type { ClientStatus } from '@route/protocol';
import { type LinkTarget, openLink, type TestLink } from '../harness/index.ts';
import type { SeededRandom } from './seeded-random.ts';

const LEAST_RECONNECT_MS = 200;
const MOST_RECONNECT_MS = 500;

export interface MsgServerOptions {
  /** The addresses to connect to at the moment, in turn. */
  readonly targets: () => readonly LinkTarget[];
  /** Its online users. */
  readonly clients: readonly ClientStatus[];
  readonly random: SeededRandom;
}

/**
 * A msg_server by the protocol: it declares its link master and lists its users. When the link
 * ends, it does so again on the next address.
 */
export class MsgServer implements AsyncDisposable {
  readonly #options: MsgServerOptions;
  readonly #running: Promise<void>;
  readonly #stop = new AbortController();
  #link: TestLink | undefined;
  #attempts = 0;
  #links = 0;

  constructor(options: MsgServerOptions) {
    this.#options = options;
    this.#attempts = Math.floor(options.random.next() * 100);
    this.#running = this.#keepLinked();
  }

  /** Number of links it has had so far. */
  get links(): number {
    return this.#links;
  }

  /** Its link, once it is open. */
  async linked(): Promise<TestLink> {
    return await waitFor(() => this.#link, { what: 'a link', deadlineMs: 20_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#link?.close();
    await this.#running;
  }

  async #keepLinked(): Promise<void> {
    const { random } = this.#options;
    const { signal } = this.#stop;
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    while (!signal.aborted) {
      const link = await this.#open();
      if (link !== undefined && !signal.aborted) {
        await Promise.race([link.closedByServer, stopped]);
        this.#link = undefined;
      }
      await link?.close();
      const pauseMs = LEAST_RECONNECT_MS + random.next() * (MOST_RECONNECT_MS - LEAST_RECONNECT_MS);
      await Promise.race([delay(pauseMs), stopped]);
    }
  }

  /** Opens a link to the next address; undefined when the connection is refused. */
  async #open(): Promise<TestLink | undefined> {
    const { clients, targets } = this.#options;
    const all = targets();
    const target = all[this.#attempts++ % all.length];
    if (target === undefined) return undefined;
    try {
      const link = await openLink(target);
      link.roleSet(true);
      link.online(clients);
      this.#link = link;
      this.#links++;
      return link;
    } catch {
      return undefined;
    }
  }
}
