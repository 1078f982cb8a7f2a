import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type LargePduReader, ReadScheduler } from './read-scheduler.ts';

const LIMIT = 100;

test('lets a few links read on per turn of the loop, the others in the next turns', async () => {
  const turns = new ReadScheduler(LIMIT);
  const read: number[] = [];
  for (let link = 0; link < 10; link++) {
    turns.schedule({ pduBytes: 1, readOn: () => void read.push(link) });
  }
  const afterTurns: number[] = [];
  while (read.length < 10) {
    await nextTurn();
    afterTurns.push(read.length);
  }
  expect(afterTurns).toEqual([4, 8, 10]);
  expect(read).toEqual(Array.from({ length: 10 }, (_, link) => link));
});

test('reads large PDUs in order, as many as fit into the limit, and at least one', async () => {
  const turns = new ReadScheduler(LIMIT);
  const read: string[] = [];
  const link = (name: string, pduBytes: number): LargePduReader => ({
    pduBytes,
    readOn: () => void read.push(name),
  });
  const first = link('first', 150);
  const second = link('second', 50);
  for (const reader of [first, second, link('third', 51), link('fourth', 1)]) {
    turns.schedule(reader);
  }
  await nextTurn();
  turns.schedule(first);
  await nextTurn();
  expect([turns.isFull, turns.bytes, read]).toEqual([true, 150, ['first', 'first']]);
  read.length = 0;
  turns.leave(first);
  await nextTurn();
  expect([turns.isFull, turns.bytes, read]).toEqual([true, 50, ['second']]);
  turns.leave(second);
  await nextTurn();
  expect([turns.isFull, turns.bytes, read]).toEqual([false, 52, ['second', 'third', 'fourth']]);
  for (const reader of [first, second]) turns.leave(reader);
  expect(turns.bytes).toBe(52);
});

test('counts the next large PDU of a link with its own length', () => {
  const turns = new ReadScheduler(LIMIT);
  const reader = { pduBytes: 40, readOn: () => {} };
  turns.schedule(reader);
  reader.pduBytes = 70;
  turns.schedule(reader);
  expect(turns.bytes).toBe(70);
});

test('a link that leaves is not read on, and takes no room later', async () => {
  const turns = new ReadScheduler(LIMIT);
  const read: string[] = [];
  const link = (name: string): LargePduReader => ({
    pduBytes: LIMIT,
    readOn: () => void read.push(name),
  });
  const [waits, queued] = [link('waits'), link('queued')];
  for (const reader of [waits, queued]) turns.schedule(reader);
  for (const reader of [queued, waits]) turns.leave(reader);
  await nextTurn();
  expect([turns.isFull, turns.bytes, read]).toEqual([false, 0, []]);
});
