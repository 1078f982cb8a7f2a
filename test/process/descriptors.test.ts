import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { connectTo, openLink, TestLink } from '../harness/index.ts';
import { startBareNode } from './bare-node.ts';

const LIMIT = 100;

test('a node that runs out of descriptors reports it, keeps its links, and answers on its admin port', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'route-descriptors-'));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  await using node = await startBareNode({ output: join(folder, 'log'), maxDescriptors: LIMIT });
  expect(await node.metric('process_max_fds')).toBe(LIMIT);
  const [few] = (await node.events()).filter(({ event }) => event === 'descriptors-few');
  expect(few?.facts).toMatchObject({ limit: LIMIT });
  expect(few?.facts['hint']).toContain('ROUTE_MAX_LINKS');

  await using first = await openLink(node);
  await using second = await openLink(node);
  await Promise.all([first.known(), second.known()]);
  const flood: TestLink[] = [];
  await using _flood = {
    [Symbol.asyncDispose]: async () => {
      for (const link of flood) await link[Symbol.asyncDispose]();
    },
  };
  for (let n = 0; n < 3 * LIMIT; n++) flood.push(new TestLink(await connectTo(node)));
  await waitFor(
    async () => (await node.metric('route_connections_refused_total', FEW)) >= 2 * LIMIT,
    { what: 'the connections beyond the limit to be refused', deadlineMs: 20_000 },
  );

  // Monitoring goes on, several at a time.
  const answers = await Promise.all(Array.from({ length: 8 }, () => node.ask('/readyz')));
  for (const answer of answers) {
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ reasons: { descriptors: expect.any(String) } });
  }
  expect(await node.metric('process_open_fds')).toBeLessThan(LIMIT);
  const events = (await node.events()).map(({ event }) => event);
  expect(events).toContain('connection-refused');
  expect(events.filter((event) => event === 'connection-refused').length).toBeLessThan(10);
  first.msgData(7, 1);
  await second.waitForPdus(1);

  for (const link of flood) await link[Symbol.asyncDispose]();
  await node.waitUntilReady();
  await using late = await openLink(node);
  await late.known();
});

const FEW = { reason: 'too-few-descriptors' };
