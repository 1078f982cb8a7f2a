import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { askReadiness } from './ask-readiness.ts';

const atEnd: (() => void)[] = [];
afterEach(() => {
  for (const end of atEnd.splice(0)) end();
});

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_, response) => answer(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `127.0.0.1:${address.port}`;
}

test.each([
  [200, '{"status":"ready","node":"b"}', { node: 'b', ready: true }],
  [503, '{"status":"not ready","node":"b","reasons":{}}', { node: 'b', ready: false }],
  [200, '<html>', undefined],
  [200, '{"status":"ready"}', undefined],
  [404, '{"node":"b"}', undefined],
  [200, `{"node":"b","more":"${'x'.repeat(100_000)}"}`, undefined],
])('%i %s', async (status, text, expected) => {
  const address = await serve((response) => response.writeHead(status).end(text));
  expect(await askReadiness(address)).toEqual(expected);
});

test('a redirect is not followed', async () => {
  const address = await serve((response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  });
  expect(await askReadiness(address)).toBeUndefined();
});

test.each(['', 'nowhere', '127.0.0.1:0', '127.0.0.1:1'])(
  'nothing answers at %j',
  async (address) => {
    expect(await askReadiness(address)).toBeUndefined();
  },
);

test('waits a second for an answer that does not arrive or does not end', async () => {
  const silent = await serve(() => {});
  const endless = await serve((response) => response.write('{'));
  const begunMs = performance.now();
  expect(await Promise.all([silent, endless].map(askReadiness))).toEqual([undefined, undefined]);
  expect(performance.now() - begunMs).toBeLessThan(4000);
});
