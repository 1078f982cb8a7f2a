import { expect, test } from 'vitest';
import { FairRoom } from './fair-room.ts';

test('there is room up to the capacity', () => {
  const room = new FairRoom<number>(3);
  expect([1, 2, 3].map((item) => room.add(item, 'a'))).toEqual([undefined, undefined, undefined]);
  room.delete(2);
  expect(room.add(4, 'b')).toBeUndefined();
  expect(room.size).toBe(3);
});

test('the address that has the most makes room, its oldest first', () => {
  const room = new FairRoom<number>(4);
  for (const item of [1, 2, 3]) room.add(item, 'a');
  room.add(4, 'b');
  expect(room.add(5, 'b')).toBe(1);
  // Both have two: the next one replaces one of its own address.
  expect(room.add(6, 'b')).toBe(4);
  expect(room.add(7, 'c')).toBe(2);
  expect(room.size).toBe(4);
});

test('a flooding address neither keeps others out nor displaces them', () => {
  const room = new FairRoom<number>(8);
  room.add(-1, 'quiet');
  for (let item = 0; item < 1000; item++) expect(room.add(item, 'flood')).not.toBe(-1);
  expect(room.add(-2, 'other')).toBeGreaterThanOrEqual(0);
});

test('idle things are removed before those in use', () => {
  const used = new Set([1, 2]);
  const room = new FairRoom<number>(3, (item) => !used.has(item));
  for (const item of [1, 2, 3]) room.add(item, 'a');
  expect(room.add(4, 'a')).toBe(3);
  used.add(4);
  expect(room.add(5, 'a')).toBe(1);
});

test('many addresses with one thing each make room for another, oldest first', () => {
  const room = new FairRoom<number>(2);
  room.add(1, 'a');
  room.add(2, 'b');
  expect(room.add(3, 'c')).toBe(1);
});
