import { setTimeout as delay } from 'node:timers/promises';
import type { OpenLink, ReplayLink, ReplayTarget } from './replay-link.ts';

/** Pause that separates bursts: the writes of one tick may arrive in several reads. */
const STILL_MS = 20;

/**
 * Query rounds to every node. After the first, the nodes have read everything sent before; after
 * the second, their Redis calls are done; after the third, their messages to each other have
 * arrived.
 */
const ROUNDS = 3;

/** Any user id: the query must reach the presence store. */
const NOBODY = 4_000_000_000;

/**
 * Detects when a cluster is idle. A fixed wait that is long enough on every machine would make the
 * suite slow, so it measures the progress of the nodes: it queries each over a link of its own.
 */
export class Stillness implements AsyncDisposable {
  readonly #probes: readonly ReplayLink[];

  private constructor(probes: readonly ReplayLink[]) {
    this.#probes = probes;
  }

  static async of(nodes: readonly ReplayTarget[], open: OpenLink): Promise<Stillness> {
    const probes: ReplayLink[] = [];
    for (const node of nodes) probes.push(await open(node));
    return new Stillness(probes);
  }

  /**
   * Resolves once every node has answered several times and no PDU arrived on the links meanwhile.
   */
  async reached(links: readonly ReplayLink[]): Promise<void> {
    let before: number;
    do {
      before = countReceived(links);
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(this.#probes.map((probe) => probe.query([NOBODY])));
      }
      await delay(STILL_MS);
    } while (countReceived(links) !== before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#probes.map((probe) => probe[Symbol.asyncDispose]()));
  }
}

function countReceived(links: readonly ReplayLink[]): number {
  return links.reduce(
    (sum, { received, incompleteBytes }) => sum + received.length + incompleteBytes,
    0,
  );
}
