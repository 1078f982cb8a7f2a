import { expect, test } from 'vitest';
import { differences } from './trace-differences.ts';

const EXPECTED = {
  links: { A: ['step 1: x 01', 'step 2: y 02'], B: [] },
  closedByServer: { B: 3 },
  heartbeats: undefined,
};

test('equal outcomes have no differences', () => {
  expect(differences(EXPECTED, structuredClone(EXPECTED))).toEqual([]);
});

test('reports missing, extra and different PDUs per link', () => {
  const received = {
    links: { A: ['step 1: x 01'], B: ['step 1: x 01'] },
    closedByServer: { A: 2 },
    heartbeats: undefined,
  };
  expect(differences(EXPECTED, received)).toEqual([
    { link: 'A', expected: 'step 2: y 02', received: undefined },
    { link: 'B', expected: undefined, received: 'step 1: x 01' },
    { link: 'A', expected: undefined, received: 'step 2: closed by the server' },
    { link: 'B', expected: 'step 3: closed by the server', received: undefined },
  ]);
});

test('heartbeats are compared where the trace counts them', () => {
  const quiet = { links: {}, closedByServer: {}, heartbeats: 1 };
  expect(differences(quiet, { ...quiet, heartbeats: 2 })).toEqual([
    { link: 'all links', expected: 'heartbeats: 1', received: 'heartbeats: 2' },
  ]);
});
