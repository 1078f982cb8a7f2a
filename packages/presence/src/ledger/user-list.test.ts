import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UserList } from './user-list.ts';

const ids = fc.uint32Array({ maxLength: 100 });

it('holds what was put into it, in order', () => {
  fc.assert(
    fc.property(ids, fc.array(ids, { maxLength: 20 }), (first, others) => {
      const list = new UserList(first);
      for (const more of others) list.push(more);
      const all = [first, ...others].flatMap((some) => [...some]);
      expect(list.length).toBe(all.length);
      expect(Array.from({ length: list.length }, (_, i) => list.at(i))).toEqual(all);
      expect(list.at(list.length)).toBe(0);
    }),
  );
});
