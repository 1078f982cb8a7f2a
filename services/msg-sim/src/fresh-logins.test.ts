import { afterEach, expect, test, vi } from 'vitest';
import { FreshLogins } from './fresh-logins.ts';

afterEach(() => vi.useRealTimers());

test('reports logins that are read late, one query at a time', async () => {
  vi.useFakeTimers();
  const answers: (() => void)[] = [];
  const slow: number[] = [];
  const logins = new FreshLogins({
    ask: () => new Promise<void>((answer) => answers.push(answer)),
    readSlowly: (user) => slow.push(user),
  });
  const first = logins.sent(1);
  await logins.sent(2);
  expect(answers.length).toBe(1);
  answers[0]?.();
  await vi.advanceTimersByTimeAsync(300);
  expect(answers.length).toBe(2);
  answers[1]?.();
  await first;
  expect(slow).toEqual([2]);
});
