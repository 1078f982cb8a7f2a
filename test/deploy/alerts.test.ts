import { readFileSync } from 'node:fs';
import { ROOT } from '@route/fixtures';
import { describe, expect, inject, test } from 'vitest';
import { imageOf } from './images.ts';
import { readAlerts } from './queries.ts';
import { runProgram } from './run-program.ts';

const SPECIFICATION = `${ROOT}test/deploy/alerts.promtool.yml`;

/** For each of its tests promtool makes a database of its own. */
const RULES_DEADLINE_MS = 180_000;

/** Runs Prometheus's own checker, with deploy/prometheus and this folder at hand. */
async function promtool(...args: readonly string[]): Promise<string> {
  const mounts = [
    ...['-v', `${ROOT}deploy/prometheus:/etc/prometheus:ro`],
    ...['-v', `${ROOT}deploy/prometheus/alerts:/rules:ro`, '-v', `${ROOT}test/deploy:/tests:ro`],
  ];
  const image = await imageOf('prom/prometheus');
  const run = ['run', '--rm', '--network', 'none', ...mounts, '--entrypoint', 'promtool'];
  return await runProgram('docker', [...run, image, ...args], { timeoutMs: RULES_DEADLINE_MS });
}

describe.runIf(inject('noContainersBecause') === '')('in the programs’ own containers', () => {
  test('Prometheus accepts its configuration and the rules', async () => {
    const output = await promtool('check', 'config', '/etc/prometheus/prometheus.yml');
    expect(output).toContain('SUCCESS: 1 rule files found');
  });

  test(
    'alerts fire when they should, and only then',
    async () => {
      expect(await promtool('test', 'rules', '/tests/alerts.promtool.yml')).toContain('SUCCESS');
    },
    RULES_DEADLINE_MS,
  );

  test('HAProxy accepts its configuration', async () => {
    await runProgram('docker', [
      ...['run', '--rm', '--network', 'none'],
      ...['-v', `${ROOT}deploy/haproxy:/usr/local/etc/haproxy:ro`, await imageOf('haproxy')],
      ...['haproxy', '-c', '-f', '/usr/local/etc/haproxy/haproxy.cfg'],
    ]);
  });
});

test('every alert has a test for when it fires and when it does not', () => {
  const text = readFileSync(SPECIFICATION, 'utf8');
  const expectations = text.matchAll(/alertname="(\w+)".*\n.*\n +exp_samples: \[(.*)\]/g);
  const shown = Array.from(expectations, ([, name, samples]) => `${name} ${samples !== ''}`);
  for (const { alert } of readAlerts()) {
    expect(shown).toContain(`${alert} true`);
    expect(shown).toContain(`${alert} false`);
  }
});
