import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLink, within } from '../harness/index.ts';
import { startBareNode } from './bare-node.ts';

const DRAIN_SECONDS = 0.5;
/** What a node may take beyond its drain, and what a busy machine adds. */
const MARGIN_SECONDS = 15;
const BUSY_SECONDS = 10;

/** Run inside the node before anything else: no connection that was accepted ever ends. */
const NEVER_ENDING = `
import { Socket } from 'node:net';
for (const name of ['end', 'destroy', 'destroySoon']) {
  const original = Socket.prototype[name];
  Socket.prototype[name] = function (...args) {
    return this.server ? this : original.apply(this, args);
  };
}
`;

test('a node whose drain hangs exits in time, and reports that', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'route-drain-'));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const [output, preloaded] = [join(folder, 'log'), join(folder, 'never-ending.mjs')];
  await writeFile(preloaded, NEVER_ENDING);
  await using node = await startBareNode({
    output,
    env: {
      ROUTE_DRAIN_SECONDS: String(DRAIN_SECONDS),
      NODE_OPTIONS: `--import=${preloaded}`,
    },
  });
  await using link = await openLink(node);
  await link.known();
  node.signal('SIGTERM');
  const begunMs = performance.now();
  const end = await within(node.exited, {
    what: 'the node to end',
    deadlineMs: (DRAIN_SECONDS + MARGIN_SECONDS + BUSY_SECONDS) * 1000,
  });
  expect(end).toBe('exit status 1');
  expect(performance.now() - begunMs).toBeGreaterThan(DRAIN_SECONDS * 1000);
  expect(await readFile(output, 'utf8')).toContain('"event":"drain-overran"');
});
