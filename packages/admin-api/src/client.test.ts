import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import {
  AdminClient,
  type AdminClientOptions,
  API_VERSION,
  API_VERSION_HEADER,
  Unreachable,
} from './client.ts';
import { IDLE_NODE } from './testing/views.ts';

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

test('rejects an answer of another version with both versions, for any content', async () => {
  using node = await nodeOfVersion(String(API_VERSION + 1));
  await expect(node.client.drain()).rejects.toThrow(
    `answers in version ${API_VERSION + 1} of the admin API: expected ${API_VERSION}`,
  );
});

test.each([String(API_VERSION), undefined])('an answer of version %s is read', async (version) => {
  using node = await nodeOfVersion(version);
  await expect(node.client.drain()).resolves.toMatchObject(RESULT);
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An admin port with given answers, and the requests it received: method, path and token. */
async function portThat(answer: Answer, options: Omit<AdminClientOptions, 'address'> = {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    asked.push([method, url, headers.authorization ?? 'no token'].join(' '));
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  const client = new AdminClient({ address: `127.0.0.1:${address.port}`, ...options });
  return {
    client,
    asked,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const answersAs =
  (node: string): Answer =>
  ({ method }, response) => {
    const result = { node, draining: true, links: 0, overSeconds: 1 };
    response.end(JSON.stringify(method === 'GET' ? { ...IDLE_NODE, node } : result));
  };

test('sends a change with the token only after the expected node has answered without it', async () => {
  using port = await portThat(answersAs('a'), { node: 'a', token: 'secret' });
  await expect(port.client.drain()).resolves.toMatchObject({ node: 'a' });
  expect(port.asked).toEqual(['GET /api/v1/node no token', 'POST /api/v1/drain Bearer secret']);
});

test.each<[string, Answer]>([
  ['another node', answersAs('b')],
  ['no node', (_, response) => void response.end('<html>')],
  ['an error', (_, response) => void response.writeHead(500).end('{}')],
  [
    'a redirection',
    (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  ],
])('an address at which %s answers does not get the token', async (_, answer) => {
  using port = await portThat(answer, { node: 'a', token: 'secret' });
  await expect(port.client.drain()).rejects.toThrow(Unreachable);
  expect(port.asked).toEqual(['GET /api/v1/node no token']);
});

test('a redirection is not followed, with the token or without', async () => {
  using elsewhere = await portThat(answersAs('a'));
  const redirect: Answer = (_, response) => {
    response.writeHead(307, { location: `http://${elsewhere.client.address}/api/v1/node` }).end();
  };
  using port = await portThat(redirect, { token: 'secret' });
  await expect(port.client.node()).rejects.toThrow(Unreachable);
  await expect(port.client.drain()).rejects.toThrow(Unreachable);
  expect(elsewhere.asked).toEqual([]);
});

test('does not send a withheld token, and reports the reason', async () => {
  using port = await portThat(answersAs('a'), { node: 'a', withheld: 'not for this address' });
  await expect(port.client.drain()).rejects.toThrow('not for this address');
  expect(port.asked).toEqual([]);
});

/** Writes without an end, as fast as the other side reads. */
const endless =
  (text: string): Answer =>
  (_, response) => {
    const write = (): void => {
      while (!response.destroyed && response.write(text));
    };
    response.on('drain', write);
    write();
  };

test('an answer without an end is not read to its end', async () => {
  using port = await portThat(endless(' '.repeat(10_000)), { maxAnswerCharacters: 100_000 });
  await expect(port.client.node()).rejects.toThrow('the answer is too long');
});

test('a message of a stream without an end is not read to its end', async () => {
  using port = await portThat(endless(' '.repeat(100_000)));
  const events = port.client.follow({}, new AbortController().signal);
  await expect(events.next()).rejects.toThrow('sends too long a message');
});

test.each(['null', '[]', '{}', '{"node":7}', '"a"', '', '{"node":"a"', '\u0000'])(
  'the answer %j is refused as no node’s',
  async (text) => {
    using port = await portThat((_, response) => void response.end(text));
    await expect(port.client.node()).rejects.toThrow(Unreachable);
    await expect(port.client.cluster()).rejects.toThrow(Unreachable);
  },
);
