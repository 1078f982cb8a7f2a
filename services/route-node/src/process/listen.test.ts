import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkListening, listenOn } from './listen.ts';

const ANY = { host: '127.0.0.1', port: 0 };

test('checking an address leaves it free', async () => {
  const server = createServer();
  const address = await listenOn(server, ANY, () => {});
  await expect(checkListening(address)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await new Promise((resolve) => server.close(resolve));
  await checkListening(address);
  const another = createServer();
  expect(await listenOn(another, address, () => {})).toEqual(address);
  another.close();
});

test('reports a failure after the start, as in accepting a connection, without ending', async () => {
  const server = createServer();
  const told: Error[] = [];
  await listenOn(server, ANY, (error) => told.push(error));
  const failure = new Error('EMFILE');
  expect(server.emit('error', failure)).toBe(true);
  expect(told).toEqual([failure]);
  server.close();
});
