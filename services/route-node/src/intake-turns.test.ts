import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { IntakeTurns } from './intake-turns.ts';

test('of several intakes one part is taken a turn of the loop, of each in turn', async () => {
  const turns = new IntakeTurns();
  const done: string[] = [];
  const intake = (name: string, parts: number): void => {
    let left = parts;
    const step = (): void => {
      done.push(name);
      if (--left > 0) turns.add(step);
    };
    turns.add(step);
  };
  intake('a', 3);
  intake('b', 2);
  const seen: string[] = [];
  while (done.length < 5) {
    seen.push(done.join(''));
    await nextTurn();
  }
  expect(done.join('')).toBe('ababa');
  expect(seen).toEqual(['', 'a', 'ab', 'aba', 'abab']);
});

test('what is removed is not done', async () => {
  const turns = new IntakeTurns();
  const done: string[] = [];
  const step = (): void => void done.push('removed');
  turns.add(step);
  turns.add(() => done.push('left'));
  turns.remove(step);
  await nextTurn();
  await nextTurn();
  expect(done).toEqual(['left']);
});
