import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificates, makeCertificates } from '@route/fixtures';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { readSettings } from './config/settings.ts';
import { RouteNode } from './node.ts';
import { EventLog } from './observability/event-log.ts';
import { LogOutput } from './observability/log-output.ts';

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates[Symbol.asyncDispose]());
afterEach(() => {
  vi.useRealTimers();
});

/**
 * A node without Redis and the events of its log; its files are in the folder of the certificates.
 */
async function startNode(environment: Record<string, string>): Promise<{
  readonly node: RouteNode;
  readonly lines: Readonly<Record<string, unknown>>[];
}> {
  const invocation = readSettings([], {
    ROUTE_ENGINE: 'memory',
    ROUTE_LISTEN: '127.0.0.1:0',
    ROUTE_ADMIN_LISTEN: '127.0.0.1:0',
    ROUTE_DRAIN_SECONDS: '0',
    ...environment,
  });
  if (invocation.kind !== 'run') throw new Error('no settings');
  const { settings, live } = invocation;
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    {},
    {
      write: (text: string) => {
        const line: Record<string, unknown> = JSON.parse(text);
        lines.push(line);
      },
    },
  );
  const ignore = (): void => {};
  const node = new RouteNode({
    nodeId: 'abcdefghijkl',
    settings,
    live,
    log,
    drainAsked: ignore,
    eventLog: new EventLog(),
    output: new LogOutput({
      write: ignore,
      maxWaitingBytes: 1000,
      stuck: ignore,
      recovered: ignore,
    }),
  });
  await node.start();
  return { node, lines };
}

test('rereads replaced certificates once within 10 s, and keeps them if a file is broken', async () => {
  const file = (name: string): string => join(certificates.directory, name);
  const put = async (name: string): Promise<void> => {
    const next = await certificates.issue(name);
    await copyFile(next.certFile, file('in-use.crt'));
    await copyFile(next.keyFile, file('in-use.key'));
  };
  await put('first');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { node, lines } = await startNode({
    ROUTE_TLS_CERT: file('in-use.crt'),
    ROUTE_TLS_KEY: file('in-use.key'),
  });
  const events = (): unknown[] =>
    lines.map(({ event }) => event).filter((event) => String(event).startsWith('certificates'));
  vi.advanceTimersByTime(30_000);
  expect(events()).toEqual([]);
  await put('second');
  vi.advanceTimersByTime(10_000);
  expect(events()).toEqual(['certificates-read']);
  vi.advanceTimersByTime(10_000);
  expect(events()).toEqual(['certificates-read']);
  await writeFile(file('in-use.crt'), 'no certificate');
  vi.advanceTimersByTime(10_000);
  expect(events()).toEqual(['certificates-read', 'certificates-not-read']);
  await node.drain();
});

test('accepts a replaced token after SIGHUP, and refuses the old one', async () => {
  const token = join(certificates.directory, 'token');
  await writeFile(token, 'token-before-the-change');
  const { node, lines } = await startNode({ ROUTE_ADMIN_TOKEN_FILE: token });
  const [listening] = lines.filter(({ event }) => event === 'admin-listening');
  const statusWith = async (given: string): Promise<number> => {
    const { status } = await fetch(`http://127.0.0.1:${listening?.['port']}/api/v1/rebalance`, {
      method: 'POST',
      headers: { authorization: `Bearer ${given}` },
    });
    return status;
  };
  // Authorized, although there is no other node to rebalance with.
  expect(await statusWith('token-before-the-change')).toBe(409);
  await writeFile(token, 'token-after-the-change');
  node.reload();
  expect(lines.map(({ event }) => event)).toContain('secrets-read');
  expect(await statusWith('token-after-the-change')).toBe(409);
  expect(await statusWith('token-before-the-change')).toBe(401);
  await node.drain();
});
