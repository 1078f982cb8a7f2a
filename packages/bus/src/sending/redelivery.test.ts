import { expect, test } from 'vitest';
import { Redelivery } from './redelivery.ts';
import { SentWindow } from './sent-window.ts';

const FRAME_BYTES = 100;

/** Ten frames of 100 bytes, for nodes b and c; a share of 300 bytes. */
function scene() {
  const window = new SentWindow();
  for (let i = 0; i < 10; i++) window.add([Buffer.alloc(FRAME_BYTES)], 0);
  const peer = (node: string, acked: number) => ({
    ...{ node, acked, last: 10, hasLeft: false, hearsOwn: true },
  });
  const peers = { b: peer('b', 10), c: peer('c', 10) };
  const published: (string | undefined)[] = [];
  const redelivery = new Redelivery({
    window,
    peers: () => Object.values(peers),
    publish: (_frame, to) => published.push(to),
  });
  const ack = (node: 'b' | 'c', acked: number): number => {
    peers[node].acked = acked;
    const missing = acked < 10 ? [{ first: acked + 1, last: 10 }] : [];
    return redelivery.onAck(peers[node], missing, { now: 0, maxBytes: 300 });
  };
  return { peers, published, redelivery, ack };
}

test('a node that lacks frames alone gets the next ones as it acknowledges, on its own channel', () => {
  const { published, ack } = scene();
  expect(ack('b', 0)).toBe(3);
  expect(ack('b', 1)).toBe(1);
  expect(ack('b', 4)).toBe(3);
  expect(published).toEqual(Array(7).fill('b'));
});

test('a node that has caught up leaves the share to the next, within the same interval', () => {
  const { ack } = scene();
  expect(ack('b', 7)).toBe(3);
  expect(ack('c', 4)).toBe(0);
  expect(ack('b', 10)).toBe(0);
  expect(ack('c', 4)).toBe(3);
});

test('frames that several nodes lack go to all, and count until the next interval', () => {
  const { peers, published, redelivery, ack } = scene();
  peers.c.acked = 0;
  expect(ack('b', 0)).toBe(3);
  expect(published).toEqual([undefined, undefined, undefined]);
  expect(ack('b', 3)).toBe(0);
  redelivery.tick();
  expect(ack('b', 3)).toBe(3);
});
