import { API_ERRORS } from '@route/admin-api';
import { readFromRoot } from '@route/fixtures';
import { expect, test } from 'vitest';
import { startRouteNode } from '../harness/index.ts';
import { rawRequest } from './raw-request.ts';

const page = readFromRoot('docs/admin-api.md');

test('the reference lists every error code with its status, and no other', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)];
  const documented = rows.map(([, code, status]) => [code, Number(status)]);
  expect(Object.fromEntries(documented)).toEqual(API_ERRORS);
});

test('the reference lists every path that a node serves', async () => {
  await using node = await startRouteNode();
  const { body } = await rawRequest(node.adminUrl, { path: '/nowhere' });
  const served = String(JSON.parse(body).error)
    .replace(/.*expected one of /, '')
    .split(', ');
  expect(served.length).toBeGreaterThan(10);
  for (const path of served) {
    expect(page).toContain(path.replace(/:(ids|id|node)\b/, 'ID').replace(':file', 'FILE'));
  }
});
