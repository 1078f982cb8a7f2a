import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** The parts of a node. */
const FOLDERS = ['services/route-node/src', 'packages/bus/src', 'packages/presence/src'];
const MORE_FOLDERS = ['packages/redis/src', 'packages/protocol/src', 'packages/link-client/src'];

/** Where the time of day is shown to people; nothing is decided by it. */
const SHOWN_IN = [
  'services/route-node/src/admin/presence-routes.ts',
  'services/route-node/src/admin/streams/watch-routes.ts',
  'services/route-node/src/admin/views.ts',
  'services/route-node/src/node.ts',
];

test('no decision depends on the clock of the host, which may step by an hour', () => {
  const using: string[] = [];
  for (const folder of [...FOLDERS, ...MORE_FOLDERS]) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      const text = readFileSync(join(ROOT, folder, name), 'utf8');
      if (/\bDate\.now\b|new Date\(\)/.test(text)) using.push(`${folder}/${name}`);
    }
  }
  expect(using.sort()).toEqual(SHOWN_IN);
});
