import { readFromRoot } from '@route/fixtures';
import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import { metricsIn, readAlerts, readPanels } from './queries.ts';

const OPERATIONS = readFromRoot('docs/operations.md');

/** Metrics of HAProxy and of Prometheus itself, which are checked where both run. */
const FROM_ELSEWHERE = /^(haproxy_|up$)/;

/** Metrics of Node.js itself, of which only relevant ones are documented. */
const OF_THE_RUNTIME = /^(process|nodejs)_/;

const documented = new Set(
  Array.from(
    OPERATIONS.matchAll(/`((?:route|process|nodejs|haproxy)_[a-z0-9_]+)`/g),
    ([, name]) => name,
  ),
);

async function exposedMetrics(): Promise<Set<string>> {
  await using cluster = await startCluster({ nodes: 1 });
  const answer = await fetch(`${cluster.node(0).adminUrl}/metrics`);
  const names = (await answer.text()).matchAll(/^# TYPE (\S+) /gm);
  return new Set(Array.from(names, ([, name = '']) => name));
}

test('docs/operations.md lists every metric of a node, and no other', async () => {
  const exposed = await exposedMetrics();
  const own = [...exposed].filter((name) => !OF_THE_RUNTIME.test(name));
  expect(own.filter((name) => !documented.has(name))).toEqual([]);
  const told = [...documented].filter((name) => !FROM_ELSEWHERE.test(name ?? ''));
  expect(told.filter((name) => !exposed.has(name ?? ''))).toEqual([]);
});

test('alerts and dashboard use metrics that exist and that docs/operations.md lists', async () => {
  const exposed = await exposedMetrics();
  const expressions = [
    ...readAlerts().map(({ expr }) => expr),
    ...readPanels().flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  const asked = new Set(expressions.flatMap(metricsIn));
  for (const name of asked) {
    if (!FROM_ELSEWHERE.test(name)) expect(exposed).toContain(name);
    if (name !== 'up') expect(documented).toContain(name);
  }
});

test('every alert has a section that its runbook link leads to, and no section lacks its alert', () => {
  const [, section = ''] = /\n## Alerts\n([\s\S]*?)\n## /.exec(OPERATIONS) ?? [];
  const headings = Array.from(section.matchAll(/^### (\w+)$/gm), ([, name]) => name);
  expect(headings.toSorted()).toEqual(
    readAlerts()
      .map(({ alert }) => alert)
      .toSorted(),
  );
  for (const { alert, annotations } of readAlerts()) {
    expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
  }
});
