import { shardOf } from '@route/redis';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InterestTable } from './interest-table.ts';

const HOLDERS = [{ name: 'a' }, { name: 'b' }, { name: 'c' }] as const;

const step = fc.record({
  does: fc.constantFrom('add', 'remove', 'remove', 'forget'),
  userId: fc.integer({ min: 0, max: 12 }),
  holder: fc.constantFrom(...HOLDERS),
});

test('interest is right after any changes; the first and last of a user are reported', () => {
  const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const it = new InterestTable<{ name: string }>();
    const model = new Map<number, Set<{ name: string }>>();
    for (const { does, userId, holder } of steps) {
      const held = model.get(userId) ?? new Set();
      model.set(userId, held);
      if (does === 'add') {
        expect(it.add(userId, holder)).toBe(held.size === 0);
        held.add(holder);
      } else if (does === 'remove') {
        const was = held.delete(holder);
        expect(it.remove(userId, holder)).toBe(was && held.size === 0);
      } else {
        const shard = shardOf(userId);
        const unheld: number[] = [];
        for (const [id, holders] of model) {
          const was = shardOf(id) === shard && holders.delete(holder);
          if (was && holders.size === 0) unheld.push(id);
        }
        expect(new Set(it.forget(holder, shard))).toEqual(new Set(unheld));
      }
      for (const [id, holders] of model) {
        expect(new Set(it.of(id).members)).toEqual(holders);
        expect(it.of(id).isEmpty).toBe(holders.size === 0);
      }
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test('users with the same interest share one set, in whatever order it was added', () => {
  const it = new InterestTable<{ name: string }>();
  const [a, b] = HOLDERS;
  it.add(1, a);
  it.add(1, b);
  it.add(2, b);
  it.add(2, a);
  expect(it.of(1)).toBe(it.of(2));
});
