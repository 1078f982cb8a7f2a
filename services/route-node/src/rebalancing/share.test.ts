import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fairShare, linksToClose, type NodeLoad, toleratedLinks } from './share.ts';

function load(links: number, leaving = 0, takesLinks = true): NodeLoad {
  return { links, leaving, listen: 'a:1', draining: !takesLinks };
}

describe('the fair share', () => {
  test.each([
    ['is the mean, rounded up', [load(10), load(0), load(1)], 4],
    ['counts links that are on their way', [load(10, 2), load(0)], 6],
    [
      'leaves the links of a node that goes away to the others',
      [load(3), load(3), load(4, 0, false)],
      5,
    ],
    ['is 0 where there are no links', [load(0), load(0)], 0],
    ['does not exist for one node alone', [load(10)], undefined],
    ['nor where all others go away', [load(10), load(0, 0, false)], undefined],
  ])('%s', (_, nodes, share) => {
    expect(fairShare(nodes)).toBe(share);
  });
});

test('a node closes no link within the tolerance, and above it goes down to the fair share', () => {
  const closing = (open: number): number =>
    linksToClose({ open, share: 100, tolerancePercent: 20, most: 1000 });
  expect([100, 119, 120, 121, 150].map(closing)).toEqual([0, 0, 0, 21, 50]);
  expect(toleratedLinks(2, 20)).toBe(3);
});

test('a node closes no more links at once than allowed', () => {
  const question = { open: 200, share: 100, tolerancePercent: 20 };
  expect(linksToClose({ ...question, most: 3.9 })).toBe(3);
  expect(linksToClose({ ...question, most: 0 })).toBe(0);
});

/** How links return: to the node with the fewest links, or to any. */
type Balancing = 'least' | 'any';

interface World {
  /** Links open on each node at the start. */
  readonly links: readonly number[];
  readonly tolerancePercent: number;
  /** Maximum number of links that one node closes per step. */
  readonly most: number;
  /** Steps until a closed link has returned. */
  readonly backAfter: number;
  /** Age in steps of a node's knowledge of the others. */
  readonly age: number;
  readonly balancing: Balancing;
  readonly seed: number;
}

/** Nodes that all act at each step, with knowledge of each other that is some steps old. */
class Simulation {
  readonly #world: World;
  readonly #total: number;
  readonly open: number[];
  readonly #history: NodeLoad[][] = [];
  /** Closed links, with their node and step. */
  #leaving: { readonly from: number; readonly at: number }[] = [];
  #step = 0;
  #random: number;
  closedInAll = 0;

  constructor(world: World) {
    this.#world = world;
    this.open = [...world.links];
    this.#total = world.links.reduce((sum, n) => sum + n, 0);
    this.#random = world.seed;
  }

  /** The real share, which no node in the simulation knows. */
  get realShare(): number {
    return Math.ceil(this.#total / this.open.length);
  }

  /** The maximum that a node may keep permanently. */
  get tolerated(): number {
    return toleratedLinks(this.realShare, this.#world.tolerancePercent);
  }

  step(): void {
    const { age, tolerancePercent, most } = this.#world;
    this.#comeBack();
    this.#history.push(this.open.map((links, node) => load(links, this.#leavingFrom(node))));
    const known = this.#history[Math.max(0, this.#step - age)] ?? [];
    const now = this.#history[this.#step] ?? [];
    this.open.forEach((open, node) => {
      const nodes = known.map((then, i) => (i === node ? (now[i] ?? then) : then));
      const share = fairShare(nodes) ?? open;
      const closing = linksToClose({ open, share, tolerancePercent, most });
      this.open[node] = open - closing;
      for (let i = 0; i < closing; i++) this.#leaving.push({ from: node, at: this.#step });
      this.closedInAll += closing;
      if (closing > 0) expect(this.open[node]).toBeGreaterThanOrEqual(this.realShare);
    });
    this.#step++;
  }

  /** A node forgets a closed link only when all others know the link's new node. */
  #leavingFrom(node: number): number {
    const { backAfter, age } = this.#world;
    this.#leaving = this.#leaving.filter(({ at }) => this.#step - at <= backAfter + age);
    return this.#leaving.filter(({ from }) => from === node).length;
  }

  #comeBack(): void {
    for (const { at } of this.#leaving) {
      if (this.#step - at !== this.#world.backAfter) continue;
      const node = this.#takes();
      this.open[node] = (this.open[node] ?? 0) + 1;
    }
  }

  #takes(): number {
    if (this.#world.balancing === 'least') return this.open.indexOf(Math.min(...this.open));
    this.#random = (this.#random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((this.#random / 2_147_483_648) * this.open.length);
  }
}

function worlds(balancing: Balancing): fc.Arbitrary<World> {
  return fc.record({
    links: fc.array(fc.nat(120), { minLength: 2, maxLength: 6 }),
    tolerancePercent: fc.integer({ min: 1, max: 100 }),
    most: fc.integer({ min: 1, max: 200 }),
    backAfter: fc.integer({ min: 1, max: 6 }),
    age: fc.nat(4),
    balancing: fc.constant(balancing),
    seed: fc.nat(1_000_000),
  });
}

test('no node ever goes below its fair share, for any age of the counts and any destination of its links', () => {
  fc.assert(
    fc.property(fc.oneof(worlds('least'), worlds('any')), (world) => {
      const simulation = new Simulation(world);
      // Each step asserts it for every node that closes links.
      for (let i = 0; i < 60; i++) simulation.step();
    }),
  );
});

test('behind a least-connections balancer all nodes reach the tolerance and stay there', () => {
  fc.assert(
    fc.property(worlds('least'), (world) => {
      const simulation = new Simulation(world);
      const total = world.links.reduce((sum, n) => sum + n, 0);
      // One link per step, and each counts twice until it is forgotten: at most that many steps.
      const enough = (total + 2) * (world.backAfter + world.age + 2);
      for (let i = 0; i < enough; i++) simulation.step();
      expect(Math.max(...simulation.open)).toBeLessThanOrEqual(simulation.tolerated);
      // No link is closed twice: the surplus is closed once, and no more than that.
      expect(simulation.closedInAll).toBeLessThanOrEqual(total);
      const shedSoFar = simulation.closedInAll;
      for (let i = 0; i < 50; i++) simulation.step();
      expect(simulation.closedInAll).toBe(shedSoFar);
    }),
    { numRuns: 60 },
  );
}, 30_000);
