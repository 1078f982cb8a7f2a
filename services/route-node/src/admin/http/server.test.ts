import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { probeRoutes } from '../probes.ts';
import type { AdminCut } from './connections.ts';
import { Guard } from './guard.ts';
import { json, type Route } from './route.ts';
import { AdminServer, type TracedRequest } from './server.ts';

const TOKEN = 'the-token-of-this-test';
const STREAM: Route = {
  method: 'GET',
  path: '/stream',
  handle: () => ({ kind: 'stream', start: () => () => undefined }),
};

interface Served extends AsyncDisposable {
  readonly port: number;
  readonly cuts: AdminCut[];
  readonly traced: TracedRequest[];
  readonly renderings: () => number;
  readonly server: AdminServer;
  open(text: string): Client;
}

/** A connection that collects the response. */
interface Client {
  readonly socket: Socket;
  readonly text: () => string;
  readonly closed: Promise<unknown>;
}

async function serve({
  maxConnections = 16,
  answerMs = 20_000,
  routes = [STREAM],
} = {}): Promise<Served> {
  const cuts: AdminCut[] = [];
  const traced: TracedRequest[] = [];
  const sockets: Socket[] = [];
  let renderings = 0;
  const readiness = { explained: [] };
  const metrics = {
    contentType: 'text/plain',
    metrics: async () => `rendering ${++renderings}`,
  };
  const server = new AdminServer({
    routes: [...probeRoutes({ nodeId: 'n', readiness, metrics }), ...routes],
    guard: new Guard({ token: () => TOKEN, hosts: [] }),
    maxConnections,
    times: { headersMs: 200, requestMs: 400, answerMs, checkMs: 50 },
    traced: (request) => traced.push(request),
    cut: (reason) => cuts.push(reason),
    failed: (path, error) => expect.fail(`${path}: ${String(error)}`),
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    port,
    cuts,
    traced,
    server,
    renderings: () => renderings,
    open(text) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString();
      });
      socket.on('error', () => undefined);
      const closed = once(socket, 'close');
      socket.write(text);
      return { socket, text: () => received, closed };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`;
}

function answersIn(text: string): number {
  return text.split('HTTP/1.1 ').length - 1;
}

test('6,000 requests at once on one connection get one answer and cost one rendering', async () => {
  await using served = await serve();
  const flood = served.open(get('/metrics').repeat(6000));
  await flood.closed;
  expect(answersIn(flood.text())).toBeLessThanOrEqual(1);
  expect(served.renderings()).toBe(1);
  expect(served.cuts).toEqual(['pipelining']);
  expect(served.server.connections).toBe(0);
});

test.for([get('/metrics'), 'GET / HTTP/1.1\r\n\r\n', get('/healthz', 'Expect: nothing\r\n')])(
  'of pipelined requests, no more are read than stand in 512 bytes: %j',
  async (request) => {
    await using served = await serve();
    let begun = 0;
    const count = (): void => void begun++;
    subscribe('http.server.request.start', count);
    const flood = served.open(request.repeat(3000));
    await flood.closed;
    unsubscribe('http.server.request.start', count);
    expect(begun).toBeLessThan(60);
    expect(served.cuts).toEqual(['pipelining']);
  },
);

test('a long body is read in several parts', async () => {
  await using served = await serve({ routes: [CHANGE] });
  const body = ' '.repeat(3000);
  const headers = `Authorization: Bearer ${TOKEN}\r\nContent-Length: ${body.length}\r\n`;
  const client = served.open(`POST /change HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n${body}`);
  await waitFor(() => answersIn(client.text()) === 1, { what: 'an answer' });
  expect(client.text()).toContain('200 OK');
});

test('consecutive requests share a connection', async () => {
  await using served = await serve();
  const client = served.open(get('/healthz'));
  for (let n = 1; n <= 3; n++) {
    await waitFor(() => answersIn(client.text()) === n, { what: `${n} answers` });
    client.socket.write(get('/readyz'));
  }
  expect(served.cuts).toEqual([]);
});

test('a connection above the limit closes an idle one, never one in use', async () => {
  await using served = await serve({ maxConnections: 4 });
  const stream = served.open(get('/stream'));
  await waitFor(() => answersIn(stream.text()) === 1, { what: 'the stream' });
  const idle = [1, 2, 3].map(() => served.open(''));
  await waitFor(() => served.server.connections === 4, { what: 'all connections' });
  const another = served.open(get('/healthz'));
  await waitFor(() => answersIn(another.text()) === 1, { what: 'an answer' });
  await idle[0]?.closed;
  expect(stream.socket.closed).toBe(false);
  expect(served.cuts).toEqual(['room']);
});

test('32 idle streams keep no client out: the oldest ends for a new one', async () => {
  await using served = await serve({ maxConnections: 64 });
  const streams: Client[] = [];
  for (let n = 0; n < 33; n++) {
    const stream = served.open(get('/stream'));
    await waitFor(() => answersIn(stream.text()) === 1, { what: `stream ${n}` });
    streams.push(stream);
  }
  expect(streams[32]?.text()).toContain('200 OK');
  await waitFor(() => streams[0]?.text().endsWith('0\r\n\r\n'), { what: 'the oldest to end' });
  expect(served.cuts).toEqual(['stream-room']);
});

test('missing headers are awaited only up to a time limit', async () => {
  await using served = await serve();
  const client = served.open('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n');
  await client.closed;
  expect(client.text()).toContain('408 Request Timeout');
});

test('a client that never reads its answer is cut off', async () => {
  const large = { text: 'x'.repeat(8 * 1024 * 1024) };
  const route: Route = { method: 'GET', path: '/large', handle: () => json(large) };
  await using served = await serve({ routes: [route], answerMs: 500 });
  const client = served.open('');
  client.socket.pause();
  client.socket.write(get('/large'));
  await waitFor(() => served.cuts.includes('unread'), { what: 'the client to be cut off' });
  await waitFor(() => served.server.connections === 0, { what: 'the connection to close' });
});

const CHANGE: Route = { method: 'POST', path: '/change', handle: () => json({}) };

test('every change of state, and every refusal of one, is traced to its address', async () => {
  await using served = await serve({ routes: [CHANGE] });
  const post = (headers: string) => `POST /change HTTP/1.1\r\n${headers}Content-Length: 0\r\n\r\n`;
  const host = 'Host: 127.0.0.1\r\n';
  const bearer = `Authorization: Bearer ${TOKEN}\r\n`;
  const request = { from: '127.0.0.1', method: 'POST', path: '/change' };
  for (const [headers, refused] of [
    [host + bearer, undefined],
    [host, 'token-missing'],
    [`${host}Authorization: Bearer ${TOKEN}x\r\n`, 'token-wrong'],
    [`Host: evil.example\r\n${bearer}`, 'host-refused'],
    [`${host}${bearer}Sec-Fetch-Site: cross-site\r\n`, 'site-refused'],
  ] as const) {
    const { text } = served.open(post(headers));
    await waitFor(() => answersIn(text()) === 1, { what: 'an answer' });
    expect(served.traced.splice(0)).toEqual([{ ...request, refused }]);
  }
});
