import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { findFreePort, findTakenPorts, isPortFree } from './ports.ts';

/** Listens on a port until the end of its scope. */
async function listenOn(port: number): Promise<Server & AsyncDisposable> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function wanted(port: number, purpose: string) {
  return { host: '127.0.0.1', port, purpose };
}

test('a port is free until something listens on it, and again after that', async () => {
  const port = await findFreePort();
  expect(await isPortFree('127.0.0.1', port)).toBe(true);
  {
    await using _server = await listenOn(port);
    expect(await isPortFree('127.0.0.1', port)).toBe(false);
  }
  expect(await isPortFree('127.0.0.1', port)).toBe(true);
});

test('a free port lies below the range of outgoing connections', async () => {
  expect(await findFreePort()).toBeLessThan(32_768);
});

test('lists all wanted ports that are in use', async () => {
  const [first, second, third] = [await findFreePort(), await findFreePort(), await findFreePort()];
  await using _first = await listenOn(first);
  await using _third = await listenOn(third);
  const ports = [wanted(first, 'links'), wanted(second, 'admin'), wanted(third, 'metrics')];
  expect(await findTakenPorts(ports)).toEqual([wanted(first, 'links'), wanted(third, 'metrics')]);
});
