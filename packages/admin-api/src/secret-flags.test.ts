import { expect, test } from 'vitest';
import { findSecretFlags, secretFlagProblem } from './secret-flags.ts';

test('flags that give a secret are found in every spelling, and their values are not repeated', () => {
  const flags = ['--redis-password', '--REDIS_PASSWORD=hush', '--admin-token=hush', '-token'];
  const found = findSecretFlags([...flags, 'hush', '--token-file', 'token', '--route', 'a:1']);
  expect(found).toEqual(['--redis-password', '--REDIS_PASSWORD', '--admin-token', '-token']);
  for (const flag of found) expect(secretFlagProblem(flag)).not.toContain('hush');
});
