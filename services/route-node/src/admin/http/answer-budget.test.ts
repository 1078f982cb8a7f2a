import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AnswerBudget } from './answer-budget.ts';

/** Time used by answers, in which no timer fires. */
let answeringMs = 0;

beforeEach(() => {
  vi.useFakeTimers();
  answeringMs = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + answeringMs);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Runs answers until the end of the test; each blocks the loop for a time. */
function takeTurns(budget: AnswerBudget, count: number, answerMs: number): number[] {
  const made: number[] = [];
  for (let i = 0; i < count; i++) {
    void budget.turn().then(() => {
      made.push(i);
      budget.run(() => {
        answeringMs += answerMs;
      });
    });
  }
  return made;
}

test('answers have a tenth of the time, in the order of their requests', async () => {
  const budget = new AnswerBudget();
  const beganAtMs = performance.now();
  const made = takeTurns(budget, 100, 10);
  await vi.advanceTimersByTimeAsync(1000);
  const share = (made.length * 10) / (performance.now() - beganAtMs);
  expect(share).toBeGreaterThan(0.07);
  expect(share).toBeLessThan(0.11);
  expect(made).toEqual(made.map((_, i) => i));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(made).toHaveLength(100);
});

test('a single answer that took very long delays the next for no more than a second', async () => {
  const budget = new AnswerBudget();
  const made = takeTurns(budget, 2, 10_000);
  await vi.advanceTimersByTimeAsync(1100);
  expect(made).toEqual([0, 1]);
});

test('no answer is made while 16 MiB of others wait for their clients', async () => {
  const budget = new AnswerBudget();
  const release = budget.hold(16 * 1024 * 1024);
  const made = takeTurns(budget, 1, 0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(made).toEqual([]);
  release();
  await vi.advanceTimersByTimeAsync(10);
  expect(made).toEqual([0]);
});
