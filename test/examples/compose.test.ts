import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '@route/fixtures';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { imageTags } from '../deploy/images.ts';
import { runProgram } from '../deploy/run-program.ts';
import { connectUser } from './example-server.ts';

const FILE = 'examples/compose/compose.yml';
const UP_DEADLINE_MS = 240_000;
const SERVICES = ['redis', 'route-node', 'haproxy', 'msg-server'];

const composeSchema = z.object({
  include: z.array(z.string()),
  services: z.object({
    'msg-server': z.object({ build: z.object({ context: z.string(), dockerfile: z.string() }) }),
  }),
});

test('the files that the example includes, builds from and copies exist', () => {
  const folder = dirname(join(ROOT, FILE));
  const { include, services } = composeSchema.parse(
    parse(readFileSync(join(ROOT, FILE), 'utf8'), { merge: true }),
  );
  for (const path of include) expect(existsSync(join(folder, path)), path).toBe(true);
  const { context, dockerfile } = services['msg-server'].build;
  const root = join(folder, context);
  const lines = readFileSync(join(root, dockerfile), 'utf8').matchAll(/^COPY (.+) \S+$/gm);
  const sources = Array.from(lines, ([, words = '']) => words.split(' ')).flat();
  expect(sources.length).toBeGreaterThan(8);
  expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
});

describe.runIf(inject('noContainersBecause') === '')('the compose example', () => {
  // The prefix and the number let the deployment tests remove what a killed run has left.
  const name = `route-test-${process.pid}-example`;
  const image = `route-cluster/route-node:${name}`;
  let env: Record<string, string>;

  const compose = (...args: string[]): Promise<string> =>
    runProgram('docker', ['compose', '-p', name, '-f', join(ROOT, FILE), ...args], {
      env,
      timeoutMs: UP_DEADLINE_MS,
    });

  beforeAll(async () => {
    env = {
      ...(await imageTags()),
      ROUTE_NODE_IMAGE: image,
      ROUTE_PORT: '0',
      HAPROXY_STATUS_PORT: '0',
      MSG_SERVER_PORT: '0',
    };
    await compose('up', '--detach', '--build', '--wait', ...SERVICES);
  }, UP_DEADLINE_MS);

  afterAll(async () => {
    await compose('down', '--volumes', '--timeout', '0', '--rmi', 'local');
    await runProgram('docker', ['image', 'rm', '--force', image]);
  }, UP_DEADLINE_MS);

  test('its msg_server has a link to the cluster and delivers messages between its users', async () => {
    const port = Number(/:(\d+)\s*$/.exec(await compose('port', 'msg-server', '8000'))?.[1]);
    expect(await compose('logs', '--no-color', 'msg-server')).toContain('link up: haproxy:8200');
    await using ann = await connectUser({ port, host: '127.0.0.1' });
    await using bob = await connectUser({ port, host: '127.0.0.1' });
    ann.say('1\n');
    bob.say('2\n');
    await bob.sayUntil('1 hello', () => ann.received.includes('2: hello\n'));
  });
});
