import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveSettings } from './live-settings.ts';
import { redisTarget } from './redis-target.ts';
import { readSettings } from './settings.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'route-live-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function liveSettings(environment: Record<string, string>): LiveSettings {
  const invocation = readSettings([], environment);
  if (invocation.kind !== 'run') throw new Error('no settings');
  return invocation.live;
}

test('passwords, tokens and certificates have the current contents of their files', () => {
  const password = fileWith('password', 'first\n');
  const token = fileWith('token', 'token-of-the-admin-port');
  const ca = fileWith('ca.crt', '-----BEGIN CERTIFICATE-----\n1');
  const live = liveSettings({
    REDIS_CLUSTER: 'redis:6379',
    REDIS_TLS: 'on',
    REDIS_TLS_CA: ca,
    REDIS_PASSWORD_FILE: password,
    ROUTE_ADMIN_TOKEN_FILE: token,
  });
  expect(redisTarget(live.current)).toMatchObject({
    account: { password: 'first' },
    tls: { ca: '-----BEGIN CERTIFICATE-----\n1' },
  });
  fileWith('password', 'second\n');
  fileWith('token', 'another-token-of-the-admin-port');
  fileWith('ca.crt', '-----BEGIN CERTIFICATE-----\n2');
  expect(live.read()).toEqual([]);
  expect(redisTarget(live.current)).toMatchObject({
    account: { password: 'second' },
    tls: { ca: '-----BEGIN CERTIFICATE-----\n2' },
  });
  expect(live.current.ROUTE_ADMIN_TOKEN).toBe('another-token-of-the-admin-port');
});

test('an unusable file keeps the previous value, and is reported without its content', () => {
  const url = fileWith('url', 'redis://:first@127.0.0.1:6379');
  const token = fileWith('token', 'token-of-the-admin-port');
  const live = liveSettings({ REDIS_URL_FILE: url, ROUTE_ADMIN_TOKEN_FILE: token });
  const told: string[] = [];
  live.onProblem = (problem) => told.push(problem);
  fileWith('url', 'http://:second@127.0.0.1');
  fileWith('token', '');
  const problems = live.read();
  expect(problems).toEqual([
    `REDIS_URL in ${JSON.stringify(url)} stays as it was: expected redis://[user:password@]host[:port][/database], or rediss:// for TLS`,
    `ROUTE_ADMIN_TOKEN in ${JSON.stringify(token)} stays as it was: expected a readable file that is not empty`,
  ]);
  expect(told).toEqual(problems);
  expect(live.current.REDIS_URL).toBe('redis://:first@127.0.0.1:6379');
  expect(live.current.ROUTE_ADMIN_TOKEN).toBe('token-of-the-admin-port');
  rmSync(url);
  expect(live.read()[0]).toContain('expected a readable file');
  fileWith('url', 'redis://:third@127.0.0.1:6379');
  fileWith('token', 'token-of-the-admin-port');
  expect(live.read()).toEqual([]);
  expect(live.current.REDIS_URL).toBe('redis://:third@127.0.0.1:6379');
});

test('a file is read again when its value is used, at most twice a second', () => {
  const token = fileWith('polled', 'token-of-the-admin-port');
  const invocation = readSettings([], { ROUTE_ADMIN_TOKEN_FILE: token });
  if (invocation.kind !== 'run') throw new Error('no settings');
  let nowMs = 0;
  const live = new LiveSettings({
    settings: invocation.settings,
    texts: {},
    files: { ROUTE_ADMIN_TOKEN: token },
    now: () => nowMs,
  });
  fileWith('polled', 'another-token-of-the-admin-port');
  nowMs = 499;
  expect(live.current.ROUTE_ADMIN_TOKEN).toBe('token-of-the-admin-port');
  nowMs = 500;
  expect(live.current.ROUTE_ADMIN_TOKEN).toBe('another-token-of-the-admin-port');
});

test('a value given directly stays', () => {
  const live = liveSettings({ REDIS_URL: 'redis://127.0.0.1:7000' });
  expect(live.read()).toEqual([]);
  expect(live.current.REDIS_URL).toBe('redis://127.0.0.1:7000');
});
