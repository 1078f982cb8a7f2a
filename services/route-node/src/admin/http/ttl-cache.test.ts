import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { TtlCache } from './ttl-cache.ts';

test('a request during a pending answer waits for that one', async () => {
  const kept = new TtlCache<number>(60_000);
  const answer = Promise.withResolvers<number>();
  let asked = 0;
  const ask = () => {
    asked++;
    return answer.promise;
  };
  const both = [kept.get('a', ask), kept.get('a', ask)];
  answer.resolve(7);
  expect(await Promise.all(both)).toEqual([7, 7]);
  expect(await kept.get('a', ask)).toBe(7);
  expect(asked).toBe(1);
  expect(await kept.get('b', async () => 8)).toBe(8);
});

test('an answer is fetched again when it is old, or failed', async () => {
  const kept = new TtlCache<number>(5);
  await expect(kept.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await waitFor(() => kept.get('a', async () => 2), { what: 'another answer' })).toBe(2);
});
