import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserTable } from './user-table.ts';

const MOST_UINT32 = 0xffff_ffff;

/** Few ids, so that they repeat, among them the ends of the range. */
const userId = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 1, max: 40 }).map((n) => n * 65_536),
  fc.constantFrom(MOST_UINT32, MOST_UINT32 - 1),
);
const step = fc.record({ userId, number: fc.integer({ min: 0, max: MOST_UINT32 }) });

function entriesOf(table: UserTable): Map<number, number> {
  const entries = new Map<number, number>();
  table.forEach((id, number) => {
    entries.set(id, number);
  });
  return entries;
}

test('a table equals a Map after the same changes', () => {
  const steps = fc.array(step, { maxLength: 400 });
  const property = fc.property(steps, (all) => {
    const table = new UserTable();
    const map = new Map<number, number>();
    for (const { userId: id, number } of all) {
      if (number % 3 === 0) {
        table.delete(id);
        map.delete(id);
      } else {
        table.set(id, number);
        map.set(id, number);
      }
      expect(table.size).toBe(map.size);
      expect(table.get(id)).toBe(map.get(id) ?? 0);
    }
    expect(entriesOf(table)).toEqual(map);
    for (const { userId: id } of all) expect(table.get(id)).toBe(map.get(id) ?? 0);
  });
  fc.assert(property, { numRuns: 300 });
});

test('adds and removes many users, including ids in steps', () => {
  const table = new UserTable();
  const users = Array.from({ length: 50_000 }, (_, i) => i * 64);
  for (const id of users) table.set(id, id + 1);
  expect(table.size).toBe(users.length);
  expect(users.every((id) => table.get(id) === id + 1)).toBe(true);
  const kept = users.filter((id) => id % 1024 === 0);
  for (const id of users) if (id % 1024 !== 0) table.delete(id);
  expect(entriesOf(table)).toEqual(new Map(kept.map((id) => [id, id + 1])));
});
