import { expect, test } from 'vitest';
import { readStartSettings, START_HELP } from './settings.ts';

test('without settings, three nodes run on the well-known ports of this machine', () => {
  expect(readStartSettings({})).toEqual({
    settings: { host: '127.0.0.1', firstPort: 8200, firstAdminPort: 9200, nodeCount: 3 },
  });
});

test('reports all errors at once, with the given values', () => {
  const result = readStartSettings({ ROUTE_START_PORT: 'high', ROUTE_START_NODES: '99' });
  expect(result).toEqual({
    problems: [
      'ROUTE_START_NODES is "99", expected a whole number from 1 to 16',
      'ROUTE_START_PORT is "high", expected a whole number from 1 to 65533',
    ],
  });
});

test('arguments are refused, and a secret among them is not repeated', () => {
  expect(readStartSettings({}, ['--nodes'])).toEqual({
    problems: [
      '--nodes is given, expected no arguments: npm start takes its settings from the environment',
    ],
  });
  const result = readStartSettings({}, ['--redis-password', 'hush']);
  const [problem, ...others] = 'problems' in result ? result.problems : [];
  expect(others).toEqual([]);
  expect(problem).toContain('REDIS_PASSWORD_FILE');
  expect(problem).not.toContain('hush');
});

test('ports of links and of admin HTTP may not overlap', () => {
  const near = { ROUTE_START_PORT: '8200', ROUTE_START_ADMIN_PORT: '8202' };
  expect(readStartSettings(near)).toHaveProperty('problems');
  expect(readStartSettings({ ...near, ROUTE_START_NODES: '2' })).toHaveProperty('settings');
});

test('the help names every setting that is read', () => {
  const read = new Set<string>();
  const env = new Proxy<NodeJS.ProcessEnv>(
    {},
    {
      get: (_target, key) => {
        read.add(String(key));
        return undefined;
      },
    },
  );
  readStartSettings(env);
  for (const key of read) expect(START_HELP).toContain(key);
});
