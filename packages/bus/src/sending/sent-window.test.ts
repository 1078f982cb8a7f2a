import { expect, test } from 'vitest';
import { SentWindow } from './sent-window.ts';

const ALL = { first: 1, last: 100 };

function windowOf(frames: number): SentWindow {
  const it = new SentWindow();
  for (let i = 0; i < frames; i++) it.add([Buffer.alloc(100, i + 1)], 0);
  return it;
}

function retained(it: SentWindow, node = 'b'): (number | undefined)[] {
  return [...it.retained(ALL, node)].map(({ frame: [bytes] }) => bytes?.[0]);
}

test('a frame is retained until every node has it, its bytes count until every node had room for it', () => {
  const it = windowOf(3);
  it.release(2, 1);
  expect([it.base, it.tail, it.bytes]).toEqual([3, 3, 200]);
  expect(retained(it)).toEqual([3]);
  it.release(3, 3);
  expect([it.base, it.tail, it.bytes]).toEqual([4, 3, 0]);
});

test('nodes that fall behind what has been let go of bring nothing back', () => {
  const it = windowOf(3);
  it.release(2, 2);
  it.release(0, 0);
  expect([it.base, it.tail, it.bytes]).toEqual([3, 3, 100]);
});

test('bytes stop counting even if the frame is still retained for a node', () => {
  const it = windowOf(3);
  it.release(0, 2);
  expect([it.base, it.tail, it.bytes]).toEqual([1, 3, 100]);
  expect(retained(it)).toEqual([1, 2, 3]);
});

test('dropping frames that all awaited nodes have is not counted', () => {
  const it = windowOf(3);
  expect(it.dropUpTo(1, 10_000, { got: 2 })).toEqual({ frames: 1, bytes: 100 });
  expect([it.base, it.tail, it.bytes]).toEqual([4, 3, 0]);
});

test('dropping counts frames that a node lacked, not frames that only waited for room', () => {
  const it = windowOf(4);
  it.release(2, 0);
  expect(it.dropUpTo(1, 10_000)).toEqual({ frames: 2, bytes: 200 });
  expect([it.base, it.tail, it.bytes]).toEqual([5, 4, 0]);
});

test('a frame for a single dead node is not counted as dropped', () => {
  const it = windowOf(1);
  it.add([Buffer.alloc(100)], 0, 'dead');
  it.add([Buffer.alloc(100)], 0, 'live');
  const lives = (node: string): boolean => node === 'live';
  expect(it.dropUpTo(1, 10_000, { lives })).toEqual({ frames: 2, bytes: 200 });
});

test('beyond the limit the oldest frame is dropped', () => {
  const it = windowOf(4);
  expect(it.dropUpTo(0, 250)).toEqual({ frames: 2, bytes: 200 });
  expect([it.base, it.tail]).toEqual([3, 4]);
});

test('a frame for one node is redelivered to that node alone', () => {
  const it = windowOf(1);
  it.add([Buffer.alloc(100, 2)], 0, 'b');
  it.add([Buffer.alloc(100, 3)], 0, 'c');
  expect(retained(it, 'b')).toEqual([1, 2]);
  expect(retained(it, 'c')).toEqual([1, 3]);
});
