import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './hooks.ts';
import { MUTANTS } from './mutants.ts';
import { MUTANTS as PRESENCE_MUTANTS } from './presence/mutants.ts';

test.each([...MUTANTS, ...PRESENCE_MUTANTS])(
  'the code that mutant $name changes is in its file',
  ({ changes }) => {
    for (const { file, find } of changes) {
      expect(readFileSync(join(ROOT, file), 'utf8'), file).toContain(find);
    }
  },
);
