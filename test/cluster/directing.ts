import { waitFor } from '@route/fixtures';
import { Stillness } from '@route/golden-replay';
import { encodeMessage, SESSION_TYPE } from '@route/protocol';
import { type LinkSet, openLink, type RouteNode } from '../harness/index.ts';
import { openKnownLinks } from './known-links.ts';
import { clientsOf } from './statuses.ts';

/** A user that is online on no link: PDUs for it are delivered nowhere. */
const NOBODY = 4_000_000_001;

/** A fallback is caused by a short pause of the machine, so several in a row are unlikely. */
const ATTEMPTS = 5;

/** Delivery mode of a PDU. */
export type Mode = 'directed' | 'broadcast' | 'fallback';

/** Returns the number of PDUs that some nodes have relayed in a mode. */
export async function pdusRelayed(nodes: readonly RouteNode[], mode: Mode): Promise<number> {
  const counts = nodes.map((node) => node.metric('route_delivery_pdus_total', { mode }));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/**
 * Directed nodes with exact expectations. A node falls back to broadcast for a moment whenever it
 * or Redis pauses; tests check whether that has happened.
 */
export class Directing implements AsyncDisposable {
  readonly #nodes: readonly RouteNode[];
  /** On each node, a link that checks whether the node directs. */
  readonly #askers: LinkSet;
  readonly #stillness: Stillness;

  private constructor(nodes: readonly RouteNode[], askers: LinkSet, stillness: Stillness) {
    this.#nodes = nodes;
    this.#askers = askers;
    this.#stillness = stillness;
  }

  static async of(nodes: readonly RouteNode[]): Promise<Directing> {
    const askers = await openKnownLinks(nodes, nodes.length);
    for (const link of askers.links) link.roleSet(true);
    return new Directing(nodes, askers, await Stillness.of(nodes, openLink));
  }

  get stillness(): Stillness {
    return this.#stillness;
  }

  /**
   * Runs an action without a fallback. After a fallback the outcome proves nothing, so the action
   * runs again.
   * @throws Error when a node falls back in every attempt.
   */
  async inCertainty<T>(act: () => Promise<T>, inDoubt?: (outcome: T) => void): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await this.untilSure();
      const before = await this.doubtfulPdus();
      const outcome = await act();
      if ((await this.doubtfulPdus()) === before) return outcome;
      inDoubt?.(outcome);
    }
    throw new Error(`a node fell back to broadcast in each of ${ATTEMPTS} attempts`);
  }

  /** Number of PDUs broadcast as a fallback so far. */
  async doubtfulPdus(): Promise<number> {
    return await pdusRelayed(this.#nodes, 'fallback');
  }

  /** Waits until each node directs PDUs for users. */
  async untilSure(): Promise<void> {
    const pdu = encodeMessage('remove_session_notify', {
      userId: NOBODY,
      sessionType: SESSION_TYPE.single,
      sessionId: 1,
    });
    for (const [index, node] of this.#nodes.entries()) {
      const asker = this.#askers.link(index);
      await waitFor(
        async () => {
          const before = await pdusRelayed([node], 'directed');
          asker.send(pdu);
          // It is relayed before the next query is answered.
          await asker.known();
          return (await pdusRelayed([node], 'directed')) > before;
        },
        { what: `node ${node.pid} to direct`, deadlineMs: 30_000 },
      );
    }
  }

  /**
   * Waits until the replay buffers have no PDU left for these users. A link that adds such a user
   * would receive it late, and a test's next links must not. So other links add the users until
   * they receive nothing.
   */
  async untilNothingIsKept(users: readonly number[]): Promise<void> {
    await waitFor(
      async () => {
        await using set = await openKnownLinks(this.#nodes, this.#nodes.length);
        for (const link of set.links) {
          link.roleSet(true);
          link.online(clientsOf(users));
        }
        await this.#stillness.reached(set.links);
        return set.links.every(({ received }) => received.length === 0);
      },
      { what: 'PDUs to be kept no longer', deadlineMs: 30_000 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#askers[Symbol.asyncDispose]();
    await this.#stillness[Symbol.asyncDispose]();
  }
}
