import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './hooks.ts';
import { MUTANTS } from './mutants.ts';
import { MUTANTS as PRESENCE_MUTANTS } from './presence/mutants.ts';

test.each([...MUTANTS, ...PRESENCE_MUTANTS])(
  'the code that mutant $name changes is in its file once',
  ({ changes }) => {
    for (const { file, find } of changes) {
      const source = readFileSync(join(ROOT, file), 'utf8');
      expect(source.split(find).length, `${file}: ${find}`).toBe(2);
    }
  },
);
