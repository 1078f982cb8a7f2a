import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TimeSlicer } from './time-slicer.ts';

/** Steps with a given duration. */
function scene(stepMs: number) {
  let nowMs = 0;
  const turns = new TimeSlicer(() => nowMs);
  const done: string[] = [];
  const intake = (name: string, steps: number): void => {
    let left = steps;
    turns.add(() => {
      done.push(name);
      nowMs += stepMs;
      left--;
      return left === 0;
    });
  };
  /** The steps done after each turn, up to a number of steps. */
  const seen = async (steps: number): Promise<string[]> => {
    const afterTurns: string[] = [];
    while (done.length < steps) {
      await nextTurn();
      afterTurns.push(done.join(''));
    }
    return afterTurns;
  };
  return { intake, seen };
}

test('advances one of several imports per turn of the loop, each in turn', async () => {
  const { intake, seen } = scene(4);
  intake('a', 3);
  intake('b', 2);
  expect(await seen(5)).toEqual(['a', 'ab', 'aba', 'abab', 'ababa']);
});

test('repeats short steps until the time of the turn is up', async () => {
  const { intake, seen } = scene(1);
  intake('a', 6);
  intake('b', 3);
  expect(await seen(9)).toEqual(['aaaa', 'aaaabbba', 'aaaabbbaa']);
});

test('small work is done at once up to a limit in one turn of the loop', async () => {
  const slicer = new TimeSlicer();
  const atOnce = (): number => {
    let count = 0;
    while (slicer.mayDoAtOnce(16 * 1024)) count++;
    return count;
  };
  expect(atOnce()).toBe(4);
  await new Promise((resolve) => setImmediate(resolve));
  expect(atOnce()).toBe(4);
});
