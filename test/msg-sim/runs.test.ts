import { expect, test } from 'vitest';
import { type Cluster, startCluster } from '../harness/index.ts';
import { Demo } from './demo.ts';

const FLAGS = [
  '--msg-servers',
  '6',
  '--users',
  '120',
  '--churn',
  '15',
  '--rate',
  '150',
  '--seed',
  '3',
];

function routeOf(cluster: Cluster): string[] {
  return ['--route', cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',')];
}

test('every check passes against a correct cluster: exit status 0', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  await using json = new Demo([...routeOf(cluster), ...FLAGS, '--duration', '5', '--json']);
  await using lines = new Demo([...routeOf(cluster), ...FLAGS, '--duration', '6']);
  expect(await json.exitStatus(), json.output + json.errors).toBe(0);
  expect(json.failed).toEqual([]);
  expect(json.summary).toMatchObject({ ok: true, cutOff: 0 });
  expect(json.lines.filter(({ kind }) => kind === 'second').length).toBeGreaterThanOrEqual(4);
  const { sent = 0, received = 0, reports = 0, queries = 0 } = json.summary.counts ?? {};
  expect(sent).toBeGreaterThan(300);
  expect(received).toBe(sent * 5);
  expect(reports).toBeGreaterThan(30);
  expect(queries).toBeGreaterThan(10);

  expect(await lines.exitStatus(), lines.output).toBe(0);
  expect(lines.output).toContain('6/6 linked');
  expect(lines.output).toContain('All checks passed.');
});

test('the same with directed delivery: a link without an addressed user receives no message', async () => {
  await using cluster = await startCluster({ nodes: 2, env: { ROUTE_DELIVERY: 'directed' } });
  const flags = [...routeOf(cluster), ...FLAGS, '--duration', '5', '--json'];
  await using demo = new Demo([...flags, '--delivery', 'directed']);
  expect(await demo.exitStatus(), demo.output + demo.errors).toBe(0);
  expect(demo.failed).toEqual([]);
  expect(demo.summary).toMatchObject({ ok: true, delivery: 'directed' });
  const { sent = 0, received = 0 } = demo.summary.counts ?? {};
  expect(sent).toBeGreaterThan(300);
  expect(received).toBeGreaterThan(sent);
  expect(received).toBeLessThan(sent * 4);
});

test('a killed node costs only the PDUs on their way through it', async () => {
  await using cluster = await startCluster({ nodes: 3, env: { ROUTE_LEASE_SECONDS: '3' } });
  await using demo = new Demo([...routeOf(cluster), ...FLAGS, '--duration', '8', '--json']);
  await demo.line(({ kind }) => kind === 'second', 'the first second');
  const killed = cluster.node(1);
  await killed.kill();
  const address = `${killed.host}:${killed.port}`;
  await demo.line(({ text }) => text?.startsWith(`${address}: 2 links lost`) === true, 'the loss');
  await demo.line(({ text }) => text?.includes('are linked again') === true, 'the links');
  expect(await demo.exitStatus(), demo.output).toBe(0);
  expect(demo.failed).toEqual([]);
  expect(demo.summary.nodes?.map(({ links }) => links > 0)).toEqual([true, false, true]);
});

test.each(['login', 'reconnect'])(
  'a storm of %ss is timed, and every check passes',
  async (storm) => {
    await using cluster = await startCluster({ nodes: 2 });
    const flags = [...routeOf(cluster), ...FLAGS, '--duration', '9', '--storm', storm, '--json'];
    await using demo = new Demo(flags);
    expect(await demo.exitStatus(), demo.output).toBe(0);
    const told = demo.lines.flatMap(({ text = '' }) => text);
    const timed =
      /^(login storm: 120 users logged in within|reconnect storm: all msg_servers back after) [\d.]+ s$/;
    expect(told.some((text) => text.startsWith(storm) && timed.test(text))).toBe(true);
  },
);
