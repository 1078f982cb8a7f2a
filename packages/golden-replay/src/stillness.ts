import { setTimeout as delay } from 'node:timers/promises';
import type { OpenLink, ReplayLink, ReplayTarget } from './replay-link.ts';

/** A pause that tells bursts apart: what a node writes in one tick may come in several reads. */
const STILL_MS = 20;

/**
 * Rounds of questions to every node. When the first is answered, the nodes have read what was sent
 * before it; with the second, what they then asked Redis for has been done; with the third, what they
 * then told each other has come.
 */
const ROUNDS = 3;

/** Any user: the question has to go to where presence is kept. */
const NOBODY = 4_000_000_000;

/**
 * Tells when a cluster has come to rest. A time that is long enough on every machine would make the
 * suite slow, so it is measured in what the nodes themselves have done: each has a link of its own
 * here, and is asked.
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

  /** Returns once every node has answered several times over and nothing came on the links meanwhile. */
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
