import { expect, test } from 'vitest';
import { PduProgress } from './pdu-progress.ts';

const RATE = 1000;
const MAX_LAG_MS = 30_000;

/** Sends `perSecond` bytes of one PDU each second, and returns the second in which it is late. */
function lateAfter(
  perSecond: (second: number) => number,
  maxLagMs = MAX_LAG_MS,
): number | undefined {
  const progress = new PduProgress(RATE);
  let bytes = 1;
  for (let second = 0; second < 1000; second++) {
    if (progress.isLate(second * 1000, { number: 1, bytes }, maxLagMs)) return second;
    bytes += perSecond(second);
  }
  return undefined;
}

test('a PDU that arrives at the minimum rate is not late, however long it takes', () => {
  expect(lateAfter(() => RATE)).toBeUndefined();
  expect(lateAfter((second) => (second % 20 === 0 ? 20 * RATE : 0))).toBeUndefined();
});

test('a PDU that stops is late after the allowed lag, whatever arrived before', () => {
  expect(lateAfter(() => 0)).toBe(30);
  expect(lateAfter((second) => (second < 100 ? 1000 * RATE : 0))).toBe(130);
  expect(lateAfter((second) => (second < 100 ? 1000 * RATE : 0), 2000)).toBe(102);
});

test('single bytes do not prolong the allowed lag', () => {
  expect(lateAfter(() => 1)).toBe(31);
});

test('a shorter lag applies to a PDU that has begun, from the next check on', () => {
  const progress = new PduProgress(RATE);
  const pdu = { number: 1, bytes: 1 };
  expect(progress.isLate(0, pdu, MAX_LAG_MS)).toBe(false);
  expect(progress.isLate(1000, pdu, 2000)).toBe(false);
  expect(progress.isLate(2000, pdu, 2000)).toBe(false);
  expect(progress.isLate(3000, pdu, 2000)).toBe(true);
});

test('each PDU has its own allowed lag, and time in which the node does not read is left out', () => {
  const progress = new PduProgress(RATE);
  for (let second = 0; second < 100; second++) {
    expect(progress.isLate(second * 1000, { number: second, bytes: 5 }, MAX_LAG_MS)).toBe(false);
  }
  for (let second = 100; second < 200; second++) {
    progress.excuse(1000);
    expect(progress.isLate(second * 1000, { number: 99, bytes: 5 }, MAX_LAG_MS)).toBe(false);
  }
  expect(progress.isLate(250_000, { number: 99, bytes: 0 }, MAX_LAG_MS)).toBe(false);
  expect(progress.isLate(250_000, { number: 99, bytes: 5 }, MAX_LAG_MS)).toBe(true);
});
