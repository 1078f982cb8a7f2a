import { expect, test } from 'vitest';
import { RetentionRounds } from './retention-rounds.ts';

/** A bus with positions that a test sets. */
function scene() {
  const bus = { tail: 0, ackedByAll: 0, heartbeatSeq: 0, flushBatch: () => bus.tail };
  return { bus, rounds: new RetentionRounds(bus) };
}

test('retains a round until all nodes have it and have confirmed a heartbeat', () => {
  const { bus, rounds } = scene();
  const tag = rounds.use();
  bus.tail = 3;
  bus.heartbeatSeq = 7;
  expect(rounds.end(7)).toBeUndefined();
  bus.ackedByAll = 2;
  expect(rounds.end(100)).toBeUndefined();
  bus.ackedByAll = 3;
  expect(rounds.end(7)).toBeUndefined();
  bus.heartbeatSeq = 9;
  expect(rounds.end(7)).toBeUndefined();
  expect(rounds.end(8)).toEqual({ upTo: tag, firstFrame: 4 });
  expect(rounds.end(9)).toBeUndefined();
});

test('waits again for a round with replayed PDUs, and so for the rounds behind it', () => {
  const { bus, rounds } = scene();
  const first = rounds.use();
  bus.tail = 3;
  expect(rounds.end(0)).toBeUndefined();
  const second = rounds.use();
  expect(second).toBeGreaterThan(first);
  bus.tail = 5;
  expect(rounds.end(0)).toBeUndefined();
  bus.ackedByAll = 5;
  rounds.again(first);
  bus.tail = 8;
  expect(rounds.end(Number.POSITIVE_INFINITY)).toBeUndefined();
  bus.ackedByAll = 8;
  expect(rounds.end(bus.heartbeatSeq)).toBeUndefined();
  bus.heartbeatSeq = 1;
  expect(rounds.end(1)).toEqual({ upTo: second, firstFrame: 9 });
});

test('forms one round of all PDUs between two checks, and none without PDUs', () => {
  const { bus, rounds } = scene();
  bus.tail = 2;
  expect(rounds.end(0)).toBeUndefined();
  const tag = rounds.use();
  expect(rounds.use()).toBe(tag);
  bus.tail = 4;
  rounds.end(0);
  const next = rounds.use();
  bus.ackedByAll = 4;
  rounds.end(0);
  bus.heartbeatSeq = 1;
  expect(rounds.end(1)).toEqual({ upTo: next, firstFrame: 5 });
});
