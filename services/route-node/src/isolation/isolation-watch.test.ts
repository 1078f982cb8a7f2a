import type { NodeInfo } from '@route/presence';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { IsolationWatch, type ReadinessAnswer } from './isolation-watch.ts';

const AFTER_MS = 20_000;
const OVER_MS = 4000;

function info(node: string): NodeInfo {
  return {
    node,
    admin: `${node}:9200`,
    listen: `${node}:8200`,
    links: 0,
    leaving: 0,
    draining: false,
    startedAtMs: 0,
    version: '0.2.0',
  };
}

/** A node with links and its own clock, and the answers of the others. */
function node(links: number) {
  const answers = new Map<string, ReadinessAnswer>();
  const asked: string[] = [];
  const state = {
    inTrouble: false,
    recovering: false,
    nodes: ['me', 'b', 'c'].map(info),
    open: links,
    nowMs: 0,
  };
  const released: number[] = [];
  const watch = new IsolationWatch({
    nodeId: 'me',
    log: pino({ level: 'silent' }),
    afterMs: AFTER_MS,
    overMs: OVER_MS,
    nodes: () => state.nodes,
    isInTrouble: () => state.inTrouble,
    isRecovering: () => state.recovering,
    links: {
      get open() {
        return state.open;
      },
      closeForRebalance: (count) => {
        released.push(count);
        state.open -= count;
      },
    },
    ask: async (address) => {
      asked.push(address);
      return answers.get(address);
    },
    random: () => 0,
    now: () => state.nowMs,
  });
  return {
    answers,
    asked,
    released,
    state,
    watch,
    ready: (name: string, ready = true) => answers.set(`${name}:9200`, { node: name, ready }),
    pass: async (seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        state.nowMs += 1000;
        await watch.tick();
      }
    },
  };
}

test('a node that alone is in trouble closes its links in steps once the limit is reached', async () => {
  const { ready, pass, state, released, asked } = node(100);
  ready('b');
  ready('c');
  await pass(3);
  expect(asked).toEqual(['b:9200', 'c:9200']);
  state.inTrouble = true;
  await pass(20);
  expect(released).toEqual([]);
  await pass(5);
  expect(state.open).toBe(0);
  expect(released).toEqual([20, 20, 20, 20, 20]);
  // A link that the load balancer still assigns to it is closed as well.
  state.open = 1;
  await pass(1);
  expect(state.open).toBe(0);
});

test('links stay while no node is ready, and close when one is', async () => {
  const { ready, pass, state, released } = node(10);
  ready('b');
  ready('c');
  await pass(3);
  ready('b', false);
  ready('c', false);
  state.inTrouble = true;
  await pass(120);
  expect(released).toEqual([]);
  ready('c');
  await pass(7);
  expect(state.open).toBe(0);
});

test('links not yet closed stay open when no node is ready any more', async () => {
  const { ready, pass, state } = node(100);
  ready('b');
  await pass(3);
  state.inTrouble = true;
  await pass(21);
  expect(state.open).toBe(80);
  ready('b', false);
  await pass(3);
  const left = state.open;
  expect(left).toBeGreaterThan(0);
  await pass(60);
  expect(state.open).toBe(left);
});

test('a fault that ends before the limit has no effect, and the next one is timed from 0', async () => {
  const { ready, pass, state, released } = node(10);
  ready('b');
  await pass(3);
  for (let i = 0; i < 5; i++) {
    state.inTrouble = true;
    await pass(19);
    state.inTrouble = false;
    await pass(1);
  }
  expect(released).toEqual([]);
});

test('time in which presence is written after an outage closes no link and is not counted', async () => {
  const { ready, pass, state, released } = node(100);
  ready('b');
  await pass(3);
  state.inTrouble = true;
  await pass(19);
  state.inTrouble = false;
  state.recovering = true;
  await pass(60);
  expect(released).toEqual([]);
  state.recovering = false;
  await pass(1);
  state.inTrouble = true;
  await pass(20);
  expect(released).toEqual([]);
});

test('stops closing links once Redis answers again', async () => {
  const { ready, pass, state } = node(100);
  ready('b');
  await pass(3);
  state.inTrouble = true;
  await pass(22);
  expect(state.open).toBe(60);
  state.inTrouble = false;
  state.recovering = true;
  await pass(60);
  expect(state.open).toBe(60);
});

test('times in trouble add up until presence is complete again', async () => {
  const { ready, pass, state } = node(100);
  ready('b');
  await pass(3);
  for (let i = 0; i < 2; i++) {
    state.inTrouble = true;
    state.recovering = false;
    await pass(9);
    expect(state.open).toBe(100);
    state.inTrouble = false;
    state.recovering = true;
    await pass(3);
  }
  state.inTrouble = true;
  await pass(9);
  expect(state.open).toBe(0);
});

test('trusts only an address at which the node that publishes it has answered before', async () => {
  const { answers, pass, state, released, asked } = node(10);
  // Another node answers there, as after a forged record in Redis or a reassigned port.
  answers.set('b:9200', { node: 'another', ready: true });
  await pass(5);
  state.inTrouble = true;
  asked.length = 0;
  answers.set('b:9200', { node: 'b', ready: true });
  answers.set('c:9200', { node: 'c', ready: true });
  await pass(60);
  expect(asked).toEqual([]);
  expect(released).toEqual([]);
});

test('closes no link because of another node’s answer at a formerly verified address', async () => {
  const { answers, pass, ready, state, released } = node(10);
  ready('b');
  ready('c');
  await pass(5);
  state.inTrouble = true;
  // The nodes are gone, and others answer at their addresses.
  answers.set('b:9200', { node: 'c', ready: true });
  answers.set('c:9200', { node: 'another', ready: true });
  await pass(60);
  expect(released).toEqual([]);
  ready('c');
  await pass(10);
  expect(state.open).toBe(0);
});

test('polls four of many nodes every two seconds', async () => {
  const { ready, pass, state, asked } = node(10);
  const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
  state.nodes = names.map(info);
  for (const name of names) ready(name, false);
  await pass(60);
  expect(new Set(asked).size).toBe(50);
  expect(asked).toHaveLength(50);
  state.inTrouble = true;
  await pass(20);
  asked.length = 0;
  await pass(10);
  expect(asked).toHaveLength(20);
});
