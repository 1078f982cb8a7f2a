import { waitFor } from '@route/fixtures';
import { Stillness } from '@route/golden-replay';
import { encodeMessage, SESSION_TYPE } from '@route/protocol';
import { type LinkSet, openLink, type RouteNode } from '../harness/index.ts';
import { openKnownLinks } from './known-links.ts';
import { clientsOf } from './statuses.ts';

/** Nobody holds this user, so that what concerns him comes to no link. */
const NOBODY = 4_000_000_001;

/** Doubt comes of something's standing still for a moment: it does not come again and again. */
const ATTEMPTS = 5;

/** In which ways PDUs were relayed. */
export type Way = 'directed' | 'need' | 'doubt';

/** How many PDUs some nodes have relayed in a way. */
export async function pdusRelayed(nodes: readonly RouteNode[], way: Way): Promise<number> {
  const counts = nodes.map((node) => node.metric('route_delivery_pdus_total', { way }));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/**
 * Nodes that direct, as a test sees them that is to know exactly who gets what. A node is in doubt for a
 * moment whenever it or Redis stands still, and then sends everywhere: a test looks whether that was so.
 */
export class Directing implements AsyncDisposable {
  readonly #nodes: readonly RouteNode[];
  /** On each node a link that asks whether it directs. */
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
   * Does something while no node is in doubt. When one was, what came of it says nothing of what is directed: it
   * is done anew.
   * @throws Error when some node is in doubt every time.
   */
  async inCertainty<T>(act: () => Promise<T>, inDoubt?: (outcome: T) => void): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await this.untilSure();
      const before = await this.doubtfulPdus();
      const outcome = await act();
      if ((await this.doubtfulPdus()) === before) return outcome;
      inDoubt?.(outcome);
    }
    throw new Error(`a node was in doubt in each of ${ATTEMPTS} attempts`);
  }

  /** How many PDUs were sent everywhere by doubt so far. */
  async doubtfulPdus(): Promise<number> {
    return await pdusRelayed(this.#nodes, 'doubt');
  }

  /** Waits until each node directs what concerns a user. */
  async untilSure(): Promise<void> {
    const pdu = encodeMessage('remove_session_notify', {
      ...{ userId: NOBODY, sessionType: SESSION_TYPE.single, sessionId: 1 },
    });
    for (const [index, node] of this.#nodes.entries()) {
      const asker = this.#askers.link(index);
      await waitFor(
        async () => {
          const before = await pdusRelayed([node], 'directed');
          asker.send(pdu);
          // It is relayed before what comes behind it is answered.
          await asker.known();
          return (await pdusRelayed([node], 'directed')) > before;
        },
        { what: `node ${node.pid} to direct`, deadlineMs: 30_000 },
      );
    }
  }

  /**
   * Waits until no PDU is kept any more for a link that may begin to hold one of these users: such a link is
   * given it late, and a test's next links are not to be. So others begin to hold them, until they get nothing.
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
