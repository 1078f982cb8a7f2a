import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { createServerClient } from './client.ts';
import { redisProblem } from './problems.ts';
import { SentinelClient } from './sentinel-client.ts';

const RETRY_MS = 10;

const atEnd: (() => void)[] = [];
afterEach(() => {
  for (const end of atEnd.splice(0)) end();
});

test('a failover announced while the primary is looked up does not end the client', async () => {
  const primary = await serve(() => '+PONG\r\n');
  const sentinel = await startSentinel(primary.port);
  const client = connectTo(sentinel.port);
  await once(client, 'ready');
  const watcher = await sentinel.watched;

  const asked = sentinel.holdNextAnswer();
  primary.cutAll();
  const answer = await asked;
  const ended = new Promise((resolve) => client.once('end', resolve));
  watcher.write(`*3\r\n${bulk('message')}${bulk('+switch-master')}${bulk('primary 127.0.0.1 1')}`);
  await once(watcher, 'close'); // the client has processed it
  answer();
  await ended;

  await new Promise((resolve) => client.once('ready', resolve));
  expect(await client.ping()).toBe('PONG');
});

test('a client disconnected by its owner does not reconnect', async () => {
  const primary = await serve(() => '+PONG\r\n');
  const sentinel = await startSentinel(primary.port);
  const client = connectTo(sentinel.port);
  await once(client, 'ready');
  const ended = once(client, 'end');
  client.disconnect();
  await ended;
  const states: string[] = [];
  client.on('connecting', () => states.push('connecting'));
  await delay(10 * RETRY_MS);
  expect({ states, status: client.status }).toEqual({ states: [], status: 'end' });
});

test('a primary that the Sentinels announce by an address of another network is reached by a map', async () => {
  const primary = await serve(() => '+PONG\r\n');
  const sentinel = await startSentinel(primary.port, '10.255.255.1');
  const client = createServerClient({
    target: {
      kind: 'sentinel',
      sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
      name: 'primary',
      account: {},
      sentinelAccount: {},
      addressMap: new Map([
        [`10.255.255.1:${primary.port}`, { host: '127.0.0.1', port: primary.port }],
      ]),
    },
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    connectionName: 'test',
  });
  client.on('error', () => undefined);
  atEnd.push(() => client.disconnect());
  await client.connect();
  expect(await client.ping()).toBe('PONG');
});

// No event: the client repeatedly checked whether the server was ready.
test('reports a primary that is still loading its data, repeatedly', async () => {
  const primary = await serve(() => bulk('loading:1'));
  const sentinel = await startSentinel(primary.port);
  const client = createServerClient({
    target: {
      kind: 'sentinel',
      sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
      name: 'primary',
      account: {},
      sentinelAccount: {},
    },
    commandTimeoutMs: 200,
    connectTimeoutMs: 200,
    connectionName: 'test',
  });
  atEnd.push(() => client.disconnect());
  const loading = new Promise<void>((resolve) => {
    let times = 0;
    client.on('error', (error: Error) => {
      if (redisProblem(error).code === 'LOADING' && ++times === 2) resolve();
    });
  });
  client.connect().catch(() => {}); // the reason arrives as an 'error' event, and it retries
  await loading;
});

function connectTo(sentinelPort: number): SentinelClient {
  const client = new SentinelClient(
    {
      sentinels: [{ host: '127.0.0.1', port: sentinelPort }],
      name: 'primary',
      failoverDetector: true,
      protocol: 2,
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: () => RETRY_MS,
      sentinelRetryStrategy: () => RETRY_MS,
    },
    () => RETRY_MS,
  );
  client.on('error', () => undefined); // the tests cause ECONNRESET and the like
  atEnd.push(() => client.disconnect());
  return client;
}

/** A server that answers queries for the primary on demand, and accepts subscribers. */
async function startSentinel(primaryPort: number, primaryHost = '127.0.0.1') {
  let hold: ((answer: () => void) => void) | undefined;
  let watch: (socket: Socket) => void = () => {};
  const watched = new Promise<Socket>((resolve) => {
    watch = resolve;
  });
  const { port } = await serve((words, socket) => {
    const [command, what] = words;
    if (command === 'subscribe') {
      watch(socket);
      return `*3\r\n${bulk('subscribe')}${bulk('+switch-master')}:1\r\n`;
    }
    if (command !== 'sentinel') return '+OK\r\n';
    if (what !== 'get-master-addr-by-name') return '*0\r\n';
    const answer = `*2\r\n${bulk(primaryHost)}${bulk(String(primaryPort))}`;
    if (hold === undefined) return answer;
    hold(() => socket.write(answer));
    hold = undefined;
    return '';
  });
  return {
    port,
    watched,
    /** Resolves at the next query, with a function to answer it. */
    holdNextAnswer: () =>
      new Promise<() => void>((resolve) => {
        hold = resolve;
      }),
  };
}

/** A server on a free port that answers each command. */
async function serve(answer: (words: string[], socket: Socket) => string) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // the other side leaves as it likes
    socket.on('data', (data) => {
      for (const words of commandsIn(String(data))) socket.write(answer(words, socket));
    });
  });
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  atEnd.push(() => {
    server.close();
    cutAll();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { port: address.port, cutAll };
}

/** Commands are short here: none is split over two reads. */
function commandsIn(text: string): string[][] {
  return [...text.matchAll(/\*\d+\r\n((?:\$\d+\r\n[^\r]*\r\n)+)/g)].map(([, words = '']) =>
    [...words.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, word = '']) => word),
  );
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
