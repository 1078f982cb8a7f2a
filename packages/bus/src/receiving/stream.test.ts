import { expect, test } from 'vitest';
import { type Arrived, Stream } from './stream.ts';

/** What a frame of 100 bytes counts for while it waits. */
const PARKED_BYTES = 356;

function stream(
  next: number | null,
  maxReorderBytes = 10_000,
): {
  stream: Stream;
  handedOn: number[];
  skipped: number[];
} {
  const handedOn: number[] = [];
  const skipped: number[] = [];
  const events = {
    onFrame: ({ sequence }: Arrived) => handedOn.push(sequence),
    onSkipped: (frames: number) => skipped.push(frames),
  };
  return { stream: new Stream(next, maxReorderBytes, events), handedOn, skipped };
}

function frame(sequence: number, bytes = 100): Arrived {
  return { sequence, prevSeq: sequence - 1, bytes, entries: [] };
}

/** A frame of a sender that gives some of its frames to others alone. */
function linked(sequence: number, prevSeq: number): Arrived {
  return { sequence, prevSeq, bytes: 100, entries: [] };
}

test('early frames wait and are delivered in order', () => {
  const { stream: it, handedOn } = stream(1);
  for (const sequence of [3, 2, 5, 1]) it.receive(frame(sequence));
  expect(handedOn).toEqual([1, 2, 3]);
  expect(it.missing()).toEqual([{ first: 4, last: 4 }]);
  expect(it.reorderBytes).toBe(PARKED_BYTES);
});

test('frames already delivered or buffered are recognized and not buffered', () => {
  const { stream: it, handedOn } = stream(1);
  for (const sequence of [1, 2, 4]) it.receive(frame(sequence));
  expect([it.receive(frame(1)), it.receive(frame(2)), it.receive(frame(4))]).toEqual([
    false,
    false,
    false,
  ]);
  expect(handedOn).toEqual([1, 2]);
  expect(it.reorderBytes).toBe(PARKED_BYTES);
});

test('delivers nothing until it knows the first frame, and then drops earlier ones', () => {
  const { stream: it, handedOn } = stream(null);
  for (const sequence of [5, 8, 9]) it.receive(frame(sequence));
  expect(it.hasGap).toBe(false);
  it.begin(8);
  it.begin(1);
  expect(handedOn).toEqual([8, 9]);
  expect(it.reorderBytes).toBe(0);
});

// The next two were stuck for good: the real frame was taken for a repetition of the forged one,
// which waited for a frame that had been delivered.
test('a forged frame from before the first is known does not hold up the real ones', () => {
  const { stream: it, handedOn } = stream(null);
  it.receive(linked(8, 4));
  it.begin(8);
  expect(it.missing()).toEqual([{ first: 8, last: 8 }]);
  for (const sequence of [8, 9]) it.receive(frame(sequence));
  expect(handedOn).toEqual([8, 9]);
});

test('a forged frame behind one that never comes holds up the real ones for a heartbeat at most', () => {
  const { stream: it, handedOn } = stream(5);
  it.receive(linked(10, 6));
  it.receive(linked(8, 4));
  for (const sequence of [9, 10]) it.receive(frame(sequence));
  expect(handedOn).toEqual([8, 9]);
  it.heartbeat(10, 10);
  expect(it.missing()).toEqual([{ first: 10, last: 10 }]);
  it.receive(frame(10));
  expect(handedOn).toEqual([8, 9, 10]);
  expect(it.reorderBytes).toBe(0);
});

test('no more waits than the bound allows; the rest is asked for later', () => {
  const { stream: it, handedOn } = stream(1, 2.5 * PARKED_BYTES);
  for (const sequence of [2, 3, 4]) it.receive(frame(sequence));
  it.receive(frame(1));
  expect(handedOn).toEqual([1, 2, 3]);
  expect(it.missing()).toEqual([{ first: 4, last: 4 }]);
});

test('of what a sender has no more, only what is not here is lost', () => {
  const { stream: it, handedOn, skipped } = stream(1);
  for (const sequence of [3, 4, 7]) it.receive(frame(sequence));
  it.skipTo(6);
  expect(handedOn).toEqual([3, 4]);
  expect(skipped).toEqual([2, 1]);
  expect(it.missing()).toEqual([{ first: 6, last: 6 }]);
});

test('the end of a sender delivers all frames that arrived and counts the others', () => {
  const { stream: it, handedOn, skipped } = stream(1);
  it.receive(frame(2));
  it.learn(4);
  it.end();
  expect(handedOn).toEqual([2]);
  expect(skipped).toEqual([1, 2]);
  expect(it.hasGap).toBe(false);
});

test('frames for others alone leave no gap, and a gap among one’s own is seen', () => {
  const { stream: it, handedOn } = stream(1);
  it.receive(linked(4, 0));
  expect([it.hasGap, handedOn]).toEqual([false, [4]]);
  it.receive(linked(9, 7));
  it.receive(linked(12, 9));
  expect([it.missing(), handedOn]).toEqual([[{ first: 5, last: 7 }], [4]]);
  it.receive(linked(7, 4));
  expect([it.hasGap, handedOn]).toEqual([false, [4, 7, 9, 12]]);
});

test('after a loss, delivers all frames that are not behind another gap', () => {
  const { stream: it, handedOn, skipped } = stream(1);
  it.receive(linked(8, 3));
  it.receive(linked(20, 15));
  it.skipTo(6);
  expect([handedOn, skipped]).toEqual([[8], [3]]);
  it.skipTo(15);
  expect([handedOn, skipped]).toEqual([[8], [3, 6]]);
  it.receive(linked(15, 12));
  expect(handedOn).toEqual([8, 15, 20]);
});
