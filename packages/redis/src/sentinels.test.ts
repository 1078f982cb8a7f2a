import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { createServerClient } from './client.ts';
import { serverOf } from './connector.ts';
import { redisProblem } from './problems.ts';
import type { HostPort, RedisSettings, SentinelTarget } from './target.ts';

const NO_SERVER = { host: '127.0.0.1', port: 1 };

const atEnd: (() => void)[] = [];
afterEach(() => {
  for (const end of atEnd.splice(0)) end();
  vi.restoreAllMocks();
});

test('a failover that a Sentinel announces has the connection made anew, by that Sentinel', async () => {
  const old = await startPrimary();
  const stale = await startSentinel(old);
  const knowing = await startSentinel(old);
  const client = clientOf(targetOf([stale, knowing]));
  await client.connect();
  const watcher = await knowing.watched;
  const next = await startPrimary('role:master\r\nrun_id:next');
  knowing.names(next);
  let closed = 0;
  client.on('close', () => closed++);

  // Late, by a Sentinel that learns of the last failover, or of other servers.
  for (const text of [announcement('another', next), announcement('primary', old)]) {
    watcher.write(text);
    // The announcement is read before the answer. A connection that is left takes no second ping.
    for (let i = 0; i < 2; i++) await client.ping();
  }
  watcher.write(announcement('primary', next));
  await new Promise((resolve) => client.once('ready', resolve));
  expect([closed, serverOf(client)?.runId]).toEqual([1, 'next']);
});

test('a client disconnected by its owner does not reconnect, also while a Sentinel is asked', async () => {
  const sentinel = await startSentinel(await startPrimary());
  const target = targetOf([sentinel]);
  const ready = clientOf(target);
  await ready.connect();
  const asked = sentinel.holdNextAnswer();
  const asking = clientOf(target);
  const failed = expect(asking.connect()).rejects.toThrow();
  const answer = await asked;
  const states: string[] = [];
  for (const client of [ready, asking]) {
    const ended = once(client, 'end');
    client.disconnect();
    client.on('reconnecting', () => states.push('reconnecting'));
    answer();
    await ended;
  }
  await failed;
  expect({ states, status: [ready.status, asking.status] }).toEqual({
    states: [],
    status: ['end', 'end'],
  });
});

test('a primary that the Sentinels announce by an address of another network is reached by a map', async () => {
  const primary = await startPrimary();
  const sentinel = await startSentinel({ host: '10.255.255.1', port: primary.port });
  const addressMap = new Map([[`10.255.255.1:${primary.port}`, primary]]);
  const client = clientOf({ ...targetOf([sentinel]), addressMap });
  await client.connect();
  expect(await client.ping()).toBe('PONG');
});

// No event: the client repeatedly checked whether the server was ready.
test('reports a primary that is still loading its data, repeatedly', async () => {
  const primary = await serve(() => bulk('loading:1'));
  const client = clientOf(targetOf([await startSentinel(primary)]));
  const loading = new Promise<void>((resolve) => {
    let times = 0;
    client.on('error', (error: Error) => {
      if (redisProblem(error).code === 'LOADING' && ++times === 2) resolve();
    });
  });
  client.connect().catch(() => {}); // the reason arrives as an 'error' event, and it retries
  await loading;
});

const STALE: readonly (readonly [string, string, () => Promise<HostPort>])[] = [
  ['is gone', 'ECONNREFUSED', async () => NO_SERVER],
  ['has become a replica', 'READONLY', () => startPrimary('role:slave')],
  ['is a Sentinel', 'is a Sentinel', () => startPrimary('redis_mode:sentinel')],
  ['hangs', 'timed out', () => serve(() => '')],
  ['has an unknown name', 'ENOTFOUND', async () => ({ host: 'no.such.name.invalid', port: 6379 })],
  ['has an impossible port', '99999', async () => ({ host: '127.0.0.1', port: 99_999 })],
];

test.each(STALE)(
  'where the first Sentinel names a server that %s, each client goes on to the next',
  async (_, reason, start) => {
    const stale = await startSentinel(await start());
    const target = targetOf([stale, await startSentinel(await startPrimary())]);
    const client = clientOf(target);
    const errors: Error[] = [];
    client.on('error', (error: Error) => errors.push(error));
    await readyAtLast(client);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining(reason)]);

    // As the bus has it: a new client for each attempt.
    for (let i = 0; i < 2; i++) await clientOf(target).connect();
    expect(stale.asked()).toBe(1);
  },
);

test('clients that each make one attempt reach the primary that the last of the Sentinels names', async () => {
  const last = await startSentinel(await startPrimary());
  const target = targetOf([await startSentinel(NO_SERVER), await startSentinel(NO_SERVER), last]);
  const said: string[] = [];
  for (let i = 0; i < 2; i++) {
    const client = clientOf(target);
    client.on('error', ({ message }: Error) => said.push(message));
    await expect(client.connect()).rejects.toThrow();
    client.disconnect();
  }
  await clientOf(target).connect();
  expect(said).toEqual(
    target.sentinels
      .slice(0, 2)
      .map(({ port }) =>
        expect.stringMatching(
          `primary at 127.0.0.1:1, named by Sentinel 127.0.0.1:${port}: .*REFUSED`,
        ),
      ),
  );
});

test('a tool that may read from a replica is not led to one by a Sentinel', async () => {
  const stale = await startSentinel(await startPrimary('role:slave'));
  const target = targetOf([stale, await startSentinel(await startPrimary())]);
  const client = createServerClient({ ...settingsOf(target), acceptsReplica: true });
  client.on('error', () => {});
  atEnd.push(() => client.disconnect());
  await readyAtLast(client);
  expect(await client.info()).toContain('role:master');
});

test('a Sentinel that hangs is waited for once, and not again by the next client', async () => {
  let asked = 0;
  const hanging = await serve(([command]) => {
    if (command?.toLowerCase() === 'sentinel') asked += 1;
    return '';
  });
  const target = targetOf([hanging, await startSentinel(await startPrimary())]);
  for (let i = 0; i < 3; i++) await clientOf(target).connect();
  expect(asked).toBe(1);
});

test('an attempt given up because another has succeeded leaves the order as it is', async () => {
  const primary = await startPrimary();
  const first = await startSentinel(primary);
  const second = await startSentinel(primary);
  const target = targetOf([first, second]);
  const answerLater = first.holdNextAnswer();
  const slow = clientOf(target);
  slow.connect().catch(() => {});
  const answer = await answerLater;
  await clientOf(target).connect();
  const held = primary.holdNext();
  answer();
  await held;
  const ended = once(slow, 'end');
  slow.disconnect();
  await ended;
  await clientOf(target).connect();
  expect([first.asked(), second.asked()]).toEqual([3, 0]);
});

test('a Sentinel learned from another is asked too', async () => {
  const other = await startSentinel(await startPrimary());
  const stale = await startSentinel(NO_SERVER, [other]);
  const client = clientOf(targetOf([stale]));
  await readyAtLast(client);
  expect(other.asked()).toBe(1);
});

test('of the Sentinels that another one lists, those that it has lost or that are known are left out', async () => {
  const away = { ...(await startSentinel(undefined)), flags: 's_down,sentinel,disconnected' };
  const other = await startSentinel(await startPrimary());
  const listed: Listed[] = [];
  const stale = await startSentinel(NO_SERVER, listed);
  listed.push(away, stale, other);
  await readyAtLast(clientOf(targetOf([stale])));
  expect([away, stale, other].map(({ asked }) => asked())).toEqual([0, 1, 1]);
});

test('of many Sentinels that another one lists, the last eight are asked', async () => {
  const [first, second] = [
    await startSentinel(await startPrimary()),
    await startSentinel(await startPrimary()),
  ];
  const others = Array.from({ length: 7 }, (_, i) => ({ host: '127.0.0.1', port: 2 + i }));
  const stale = await startSentinel(NO_SERVER, [first, second, ...others]);
  await readyAtLast(clientOf(targetOf([stale])));
  expect([first.asked(), second.asked()]).toEqual([0, 1]);
});

test('a Sentinel that refuses to list the others is believed', async () => {
  const sentinel = await startSentinel(await startPrimary(), 'NOPERM');
  await clientOf(targetOf([sentinel])).connect();
  expect(sentinel.asked()).toBe(1);
});

test('Sentinels are no longer watched once the client is disconnected', async () => {
  const sentinel = await startSentinel(await startPrimary());
  const client = clientOf(targetOf([sentinel]));
  await client.connect();
  const watcher = await sentinel.watched;
  const closed = once(watcher, 'close');
  client.disconnect();
  await closed;
});

test('names the reason of each Sentinel where none names a server', async () => {
  const knowsNone = await startSentinel(undefined);
  const client = clientOf(targetOf([NO_SERVER, knowsNone]));
  const error = new Promise((resolve) => client.once('error', resolve));
  client.connect().catch(() => {});
  const { text, code } = redisProblem(await error);
  expect(text).toContain('connect ECONNREFUSED 127.0.0.1:1');
  expect(text).toContain(`Sentinel 127.0.0.1:${knowsNone.port} names no server`);
  expect(code).toBe('unreachable');
});

// The library wrote "Unhandled error event" itself.
test('a Sentinel that hangs when it is watched for failovers is no unhandled error', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {});
  const hanging = await serve(() => '');
  const sentinel = await startSentinel(await startPrimary());
  const sentinelAccount = { password: 'secret' };
  const client = clientOf({ ...targetOf([sentinel, hanging]), sentinelAccount });
  await client.connect();
  await hanging.left;
  expect(written.mock.calls).toEqual([]);
});

function targetOf(sentinels: readonly HostPort[]): SentinelTarget {
  return {
    kind: 'sentinel',
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name: 'primary',
    account: {},
    sentinelAccount: {},
  };
}

function settingsOf(target: SentinelTarget): RedisSettings {
  return { target, commandTimeoutMs: 200, connectTimeoutMs: 200, connectionName: 'test' };
}

function clientOf(target: SentinelTarget) {
  const client = createServerClient(settingsOf(target));
  client.on('error', () => undefined); // the tests cause ECONNRESET and the like
  atEnd.push(() => client.disconnect());
  return client;
}

/** Connects it; it retries by itself. */
async function readyAtLast(client: ReturnType<typeof clientOf>): Promise<void> {
  const ready = new Promise((resolve) => client.once('ready', resolve));
  client.connect().catch(() => {}); // the reason arrives as an 'error' event
  await ready;
}

/** A server that gives this answer to INFO. */
async function startPrimary(info = 'role:master') {
  let hold: (() => void) | undefined;
  const server = await serve(([command]) => {
    if (command !== 'info') return '+PONG\r\n';
    if (hold === undefined) return bulk(info);
    hold();
    hold = undefined;
    return '';
  });
  return {
    ...server,
    /** The next INFO is not answered. Resolves when it has come. */
    holdNext: () =>
      new Promise<void>((resolve) => {
        hold = resolve;
      }),
  };
}

/** A server that answers queries for the primary on demand, and accepts subscribers. */
async function startSentinel(
  first: HostPort | undefined,
  others: readonly Listed[] | 'NOPERM' = [],
) {
  let primary = first;
  let hold: ((answer: () => void) => void) | undefined;
  let asked = 0;
  let watch: (socket: Socket) => void = () => {};
  const watched = new Promise<Socket>((resolve) => {
    watch = resolve;
  });
  const { host, port } = await serve((words, socket) => {
    const [command = '', what] = words;
    if (command.toLowerCase() === 'subscribe') {
      watch(socket);
      return `*3\r\n${bulk('subscribe')}${bulk('+switch-master')}:1\r\n`;
    }
    if (command.toLowerCase() !== 'sentinel') return '+OK\r\n';
    if (what !== 'get-master-addr-by-name') {
      if (others === 'NOPERM') return '-NOPERM no permissions\r\n';
      return `*${others.length}\r\n${others.map(told).join('')}`;
    }
    asked += 1;
    const answer =
      primary === undefined ? '*-1\r\n' : `*2\r\n${bulk(primary.host)}${bulk(`${primary.port}`)}`;
    if (hold === undefined) return answer;
    hold(() => socket.write(answer));
    hold = undefined;
    return '';
  });
  return {
    host,
    port,
    watched,
    names: (next: HostPort) => {
      primary = next;
    },
    /** How often it was asked for the primary. */
    asked: () => asked,
    /** Resolves at the next query, with a function to answer it. */
    holdNextAnswer: () =>
      new Promise<() => void>((resolve) => {
        hold = resolve;
      }),
  };
}

/** Another Sentinel, as a Sentinel lists it. */
interface Listed extends HostPort {
  readonly flags?: string;
}

function told({ host, port, flags = 'sentinel' }: Listed): string {
  const words = ['name', 'x', 'ip', host, 'port', String(port), 'flags', flags];
  return `*${words.length}\r\n${words.map(bulk).join('')}`;
}

function announcement(name: string, { host, port }: HostPort): string {
  const text = `${name} 127.0.0.1 1 ${host} ${port}`;
  return `*3\r\n${bulk('message')}${bulk('+switch-master')}${bulk(text)}`;
}

/** A server on a free port that answers each command. */
async function serve(answer: (words: string[], socket: Socket) => string) {
  const sockets = new Set<Socket>();
  let leave: () => void = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', leave);
    socket.on('error', () => undefined); // the other side leaves as it likes
    socket.on('data', (data) => {
      for (const words of commandsIn(String(data))) socket.write(answer(words, socket));
    });
  });
  atEnd.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    host: '127.0.0.1',
    port: address.port,
    /** Resolves when a client has left. */
    left,
  };
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
