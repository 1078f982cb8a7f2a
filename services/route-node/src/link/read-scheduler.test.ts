import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ReadScheduler } from './read-scheduler.ts';

test('lets a few links read on per turn of the loop, the others in the next turns', async () => {
  const turns = new ReadScheduler();
  const read: number[] = [];
  const links = Array.from({ length: 10 }, (_, link) => () => void read.push(link));
  for (const link of links) turns.schedule(link);
  const afterTurns: number[] = [];
  while (read.length < links.length) {
    await nextTurn();
    afterTurns.push(read.length);
  }
  expect(afterTurns).toEqual([4, 8, 10]);
  expect(read).toEqual(links.map((_, link) => link));
});
