import type { NodeInfo } from '@route/presence';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { Rebalancer, type RebalancerOptions } from './rebalancer.ts';

function nodeInfo(node: string, links: number, more: Partial<NodeInfo> = {}): NodeInfo {
  return {
    node,
    admin: 'a:1',
    listen: 'a:2',
    links,
    leaving: 0,
    draining: false,
    startedAtMs: 0,
    version: '0.0.0',
    ...more,
  };
}

/** A node with links, one other, and a clock that the test moves. */
class Scene {
  open: number;
  others: NodeInfo[] = [nodeInfo('other', 0)];
  isReady = true;
  readonly rebalancer: Rebalancer;
  #now = 0;
  #leaving = 0;

  constructor(open: number, options: Partial<RebalancerOptions> = {}) {
    this.open = open;
    const scene = this;
    this.rebalancer = new Rebalancer({
      nodeId: 'self',
      tolerancePercent: 20,
      perMinute: 60_000,
      links: {
        get open() {
          return scene.open;
        },
        closeForRebalance: (count) => {
          this.open -= count;
          this.#leaving += count;
        },
      },
      // The registry's entry for this node itself is old and must not be used.
      nodes: () => [nodeInfo('self', 1_000_000), ...this.others],
      info: () => nodeInfo('self', this.open, { leaving: this.#leaving }),
      isReady: () => this.isReady,
      log: pino({ level: 'silent' }),
      now: () => this.#now,
      ...options,
    });
  }

  /** Advances the clock by seconds, one tick each. */
  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.#now += 1000;
      this.rebalancer.tick();
    }
  }
}

test('closes the links above the fair share when more than the tolerance is open', () => {
  const full = new Scene(100);
  full.pass(5);
  expect(full.open).toBe(50);
  const tolerable = new Scene(60, { tolerancePercent: 20 });
  tolerable.others = [nodeInfo('other', 40)];
  tolerable.pass(5);
  expect(tolerable.open).toBe(60);
});

describe('closes no more links than the limit per minute', () => {
  test.each([
    [30, 60, 30],
    [30, 10, 5],
    [6, 60, 6],
    [600, 5, 50],
  ])('%i a minute, for %i s: %i', (perMinute, seconds, closing) => {
    const scene = new Scene(1000, { perMinute });
    scene.pass(seconds);
    expect(1000 - scene.open).toBe(closing);
  });

  test('saves up no allowance during a long time without closes', () => {
    const scene = new Scene(10, { perMinute: 60 });
    scene.others = [nodeInfo('other', 10)];
    scene.pass(600);
    expect(scene.open).toBe(10);
    scene.open = 1000;
    scene.pass(1);
    expect(scene.open).toBe(999);
  });
});

describe('closes no links', () => {
  test('while it is off', () => {
    const scene = new Scene(100, { tolerancePercent: undefined });
    scene.pass(10);
    expect(scene.open).toBe(100);
    expect(scene.rebalancer.tolerated).toBeUndefined();
    expect(scene.rebalancer.fairShare).toBe(50);
  });

  test('while the state of the other nodes is unknown', () => {
    const scene = new Scene(100);
    scene.isReady = false;
    scene.pass(10);
    expect(scene.open).toBe(100);
    expect(scene.rebalancer.rebalance()).toBeUndefined();
  });

  test.each([
    ['there is no other', []],
    ['the other goes away', [nodeInfo('other', 0, { draining: true })]],
    ['the other takes no links yet', [nodeInfo('other', 0, { listen: null })]],
  ])('while %s', (_, others) => {
    const scene = new Scene(100);
    scene.others = others;
    scene.pass(10);
    expect(scene.open).toBe(100);
    expect(scene.rebalancer.fairShare).toBe(100);
  });
});

describe('on request a node goes down to its fair share', () => {
  test('at the same rate, and only once', () => {
    const scene = new Scene(100, { tolerancePercent: undefined, perMinute: 60 });
    expect(scene.rebalancer.rebalance()).toEqual({ links: 100, fairShare: 50, closing: 50 });
    scene.pass(10);
    expect(scene.open).toBe(90);
    scene.pass(100);
    expect(scene.open).toBe(50);
    scene.open = 80;
    scene.pass(10);
    expect(scene.open).toBe(80);
  });

  test('and stops early when the others lose links in the meantime', () => {
    const scene = new Scene(100, { tolerancePercent: undefined, perMinute: 60 });
    scene.rebalancer.rebalance();
    scene.others = [nodeInfo('other', 60)];
    scene.pass(100);
    expect(scene.open).toBe(80);
  });
});
