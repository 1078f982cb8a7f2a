import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientStatus } from '@route/protocol';
import fc from 'fast-check';
import type { LinkId } from '../presence.ts';
import { ALL_STATUSES, ALL_TYPES, queryOf } from './asking.ts';
import type { PresenceModel } from './model.ts';
import type { TestNode } from './node.ts';

const USERS = 12;

/** An action on one of a cluster's links. `slot` selects the link. */
export type Step =
  | { readonly kind: 'update'; readonly slot: number; readonly update: ClientStatus }
  | { readonly kind: 'snapshot'; readonly slot: number; readonly entries: ClientStatus[] }
  | { readonly kind: 'query'; readonly slot: number; readonly userIds: number[] }
  | { readonly kind: 'standby' | 'reopen'; readonly slot: number; readonly standby: boolean }
  | { readonly kind: 'turn' };

/** Ids that share shards, and the ends of their range. */
const userId = fc.nat(USERS - 1).map((n) => (n === USERS - 1 ? 4_294_967_295 : n));
export const ALL_USERS: readonly number[] = [...Array(USERS - 1).keys(), 4_294_967_295];

const clientStatus = fc.record({
  userId,
  clientType: fc.constantFrom(...ALL_TYPES),
  status: fc.constantFrom(...ALL_STATUSES),
});

export function steps(slots: number, maxLength: number): fc.Arbitrary<Step[]> {
  const slot = fc.nat(slots - 1);
  const step = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({ kind: fc.constant('update'), slot, update: clientStatus }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('snapshot'),
        slot,
        entries: fc.array(clientStatus, { maxLength: 20 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('query'),
        slot,
        userIds: fc.array(userId, { maxLength: 8 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('standby', 'reopen'),
        slot,
        standby: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('turn') }) },
  );
  return fc.array(step, { minLength: maxLength / 2, maxLength });
}

/** Nodes with links, and the model of their reports. */
export class Cluster {
  readonly #nodes: readonly TestNode[];
  readonly #model: PresenceModel;
  readonly #links: LinkId[];
  readonly #answers: Promise<string>[] = [];

  constructor(nodes: readonly TestNode[], model: PresenceModel, slots: number) {
    this.#nodes = nodes;
    this.#model = model;
    this.#links = Array.from({ length: slots }, (_, slot) => this.#open(slot, false));
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'turn') {
      await nextTurn();
      return;
    }
    const { slot } = step;
    const { presence } = this.#node(slot);
    const link = this.#links[slot] ?? '';
    switch (step.kind) {
      case 'update':
        this.#model.update(link, step.update);
        presence.update(link, step.update, { updated: () => {} });
        break;
      case 'snapshot':
        this.#model.snapshot(link, step.entries);
        presence.addClients(link, step.entries);
        break;
      case 'query':
        this.#answers.push(this.#ask(slot, link, step.userIds));
        break;
      case 'standby':
        this.#model.setStandby(link, step.standby);
        presence.setStandby(link, step.standby);
        break;
      case 'reopen':
        this.#model.close(link);
        presence.closeLink(link, 'release');
        this.#links[slot] = this.#open(slot, step.standby);
    }
  }

  /** Waits for all queries and returns those that missed reports of their own link. */
  async unseen(): Promise<string[]> {
    const problems = await Promise.all(this.#answers);
    return problems.filter((problem) => problem !== '');
  }

  async #ask(slot: number, link: LinkId, userIds: readonly number[]): Promise<string> {
    const own = userIds.map((id) => this.#model.countsPc(link, id));
    const answer = await queryOf(this.#node(slot).presence, link, userIds);
    const missed = userIds.filter((_, i) => own[i] === true && answer[i] !== 1);
    return missed.length === 0 ? '' : `${link} asked for ${userIds} and did not see ${missed}`;
  }

  #open(slot: number, standby: boolean): LinkId {
    const node = this.#node(slot);
    const link = node.newLink();
    this.#model.open(link, standby);
    node.presence.openLink(link, { standby });
    return link;
  }

  #node(slot: number): TestNode {
    const node = this.#nodes[slot % this.#nodes.length];
    if (node === undefined) throw new Error('a cluster needs a node');
    return node;
  }
}
