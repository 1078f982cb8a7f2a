import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Handshakes } from './handshakes.ts';

const LIMITS = { maxHandshakes: 10, maxHandshakesPerAddress: 6, slowMs: 1000 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function scene() {
  const evicted: string[] = [];
  const handshakes = new Handshakes<string>(LIMITS, (connection, reason) => {
    evicted.push(`${connection} ${reason}`);
  });
  /** Adds `count` connections of an address; returns the last result. */
  const enter = (address: string, count: number) => {
    let refusal: string | undefined;
    for (let n = 0; n < count; n++) {
      refusal = handshakes.enter(`${address}#${handshakes.size}`, address);
    }
    return refusal;
  };
  return { handshakes, evicted, enter };
}

test('connections of one address have places up to a bound, and slow ones give way', () => {
  const { handshakes, evicted, enter } = scene();
  expect(enter('a', 6)).toBeUndefined();
  expect(enter('a', 1)).toBe('too-many-handshakes-of-address');
  expect(enter('b', 1)).toBeUndefined();
  vi.advanceTimersByTime(1000);
  expect(enter('a', 1)).toBeUndefined();
  expect(evicted).toEqual(['a#0 too-many-handshakes-of-address']);
  expect(handshakes.size).toBe(7);
});

test('when all places are taken, an address with few gets one from the address with the most', () => {
  const { handshakes, evicted, enter } = scene();
  expect(enter('a', 6)).toBeUndefined();
  expect(enter('b', 4)).toBeUndefined();
  expect(handshakes.size).toBe(10);
  expect(enter('c', 1)).toBeUndefined();
  expect(evicted).toEqual(['a#0 too-many-handshakes']);
  expect(handshakes.size).toBe(10);
});

test('when all places are taken evenly, refuses a new connection until one is slow', () => {
  const { evicted, enter } = scene();
  enter('a', 5);
  enter('b', 5);
  expect(enter('a', 1)).toBe('too-many-handshakes');
  expect(evicted).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(enter('b', 1)).toBeUndefined();
  expect(evicted).toHaveLength(1);
});

test('a released place is free', () => {
  const { handshakes, enter } = scene();
  enter('a', 6);
  handshakes.leave('a#3');
  handshakes.leave('a#3');
  expect(handshakes.size).toBe(5);
  expect(enter('a', 1)).toBeUndefined();
  for (const connection of [...handshakes.all()]) handshakes.leave(connection);
  expect(handshakes.size).toBe(0);
});
