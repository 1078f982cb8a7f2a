import { expect, test } from 'vitest';
import { Redelivery } from './redelivery.ts';
import { SentWindow } from './sent-window.ts';

const FRAME_BYTES = 100;

/** Ten frames of 100 bytes, for all nodes; a share of 300 bytes. */
function scene() {
  const window = new SentWindow();
  for (let i = 0; i < 10; i++) window.add([Buffer.alloc(FRAME_BYTES)], 0);
  const published: string[] = [];
  const redelivery = new Redelivery({ window, publish: (_frame, to) => published.push(to) });
  const ack = (node: 'b' | 'c', acked: number, { now = 0, maxBytes = 300 } = {}): number => {
    const missing = acked < 10 ? [{ first: acked + 1, last: 10 }] : [];
    return redelivery.onAck({ node, acked }, missing, { now, maxBytes });
  };
  return { published, redelivery, ack };
}

test('a node gets the next frames that it lacks as it acknowledges, on its own channel', () => {
  const { published, ack } = scene();
  expect(ack('b', 0)).toBe(3);
  expect(ack('b', 1)).toBe(1);
  expect(ack('b', 4)).toBe(3);
  expect(ack('b', 10)).toBe(0);
  expect(published).toEqual(Array(7).fill('b'));
});

test('several nodes that lack the same frames each get them at their own pace', () => {
  const { published, ack } = scene();
  expect(ack('b', 0)).toBe(3);
  expect(ack('c', 0)).toBe(3);
  expect(ack('b', 3)).toBe(3);
  expect(ack('c', 0)).toBe(0);
  expect(published.slice(3)).toEqual(['c', 'c', 'c', 'b', 'b', 'b']);
});

test('a node that acknowledges nothing gets a share between two ticks', () => {
  const { redelivery, ack } = scene();
  expect(ack('b', 0)).toBe(3);
  expect(ack('b', 0, { now: 200 })).toBe(0);
  redelivery.tick();
  expect(ack('b', 0, { now: 250 })).toBe(3);
  expect(ack('b', 0, { now: 499 })).toBe(0);
});

test('a frame is redelivered at once, then after 250 ms, 500 ms, 1 s, 1 s, 1 s', () => {
  const { redelivery, ack } = scene();
  const at: number[] = [];
  for (let now = 0; now <= 6000; now += 10) {
    redelivery.tick();
    if (ack('b', 9, { now }) > 0) at.push(now);
  }
  expect(at).toEqual([0, 250, 750, 1750, 2750, 3750, 4750, 5750]);
});

test('at least one frame is redelivered, however small the share', () => {
  const { ack } = scene();
  expect(ack('b', 0, { maxBytes: 1 })).toBe(1);
});
