import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Step, TimeSlicer } from './time-slicer.ts';

/** Turns whose steps take as long as they are said to. */
function scene(stepMs: number) {
  let nowMs = 0;
  const turns = new TimeSlicer(() => nowMs);
  const done: string[] = [];
  const intake = (name: string, steps: number): Step => {
    let left = steps;
    const step = (): boolean => {
      done.push(name);
      nowMs += stepMs;
      left--;
      return left === 0;
    };
    turns.add(step);
    return step;
  };
  /** What was done after each turn, until so many steps were. */
  const seen = async (steps: number): Promise<string[]> => {
    const afterTurns: string[] = [];
    while (done.length < steps) {
      await nextTurn();
      afterTurns.push(done.join(''));
    }
    return afterTurns;
  };
  return { turns, intake, seen };
}

test('of several intakes one goes on in a turn of the loop, each in its turn', async () => {
  const { intake, seen } = scene(4);
  intake('a', 3);
  intake('b', 2);
  expect(await seen(5)).toEqual(['a', 'ab', 'aba', 'abab', 'ababa']);
});

test('short steps are done until the time of the turn is up', async () => {
  const { intake, seen } = scene(1);
  intake('a', 6);
  intake('b', 3);
  expect(await seen(9)).toEqual(['aaaa', 'aaaabbba', 'aaaabbbaa']);
});

test('what is removed is not done', async () => {
  const { turns, intake, seen } = scene(4);
  turns.remove(intake('a', 1));
  intake('b', 1);
  expect(await seen(1)).toEqual(['b']);
});

test('an intake may be removed while one of its steps is done', async () => {
  const { turns, intake, seen } = scene(1);
  const step = (): boolean => {
    turns.remove(step);
    return false;
  };
  turns.add(step);
  intake('b', 1);
  expect(await seen(1)).toEqual(['b']);
});
