import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { AdminClient } from './client.ts';
import { API_VERSION, API_VERSION_HEADER } from './version.ts';

const RESULT = { node: 'a', draining: true, links: 0, overSeconds: 1 };

/** A node that answers in a version, or without telling any. */
async function nodeOfVersion(version: string | undefined) {
  const server = createServer((_, response) => {
    if (version !== undefined) response.setHeader(API_VERSION_HEADER, version);
    response.end(JSON.stringify(RESULT));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  const client = new AdminClient({ address: `127.0.0.1:${address.port}` });
  return { client, [Symbol.dispose]: () => server.close() };
}

test('an answer of another version is refused with both versions, whatever is in it', async () => {
  using node = await nodeOfVersion(String(API_VERSION + 1));
  await expect(node.client.drain()).rejects.toThrow(
    `answers in version ${API_VERSION + 1} of the admin API: expected ${API_VERSION}`,
  );
});

test.each([String(API_VERSION), undefined])('an answer of version %s is read', async (version) => {
  using node = await nodeOfVersion(version);
  await expect(node.client.drain()).resolves.toMatchObject(RESULT);
});
