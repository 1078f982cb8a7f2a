import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, MSG_TYPE, RouteClient, USER_STATUS } from '@route/link-client';
import { expect, test } from 'vitest';
import { type RouteNode, startRouteNode } from '../harness/index.ts';

const SERVERS = 3;

/** A msg_server with two route servers that sends numbered messages and records received ones. */
class ListingBoth {
  readonly client: RouteClient;
  readonly received: string[] = [];
  readonly #userId: number;
  #sent = 0;

  constructor(userId: number, addresses: readonly string[]) {
    this.#userId = userId;
    this.client = new RouteClient({
      addresses,
      snapshot: () => [{ userId, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows }],
      reconnectFirstMs: 200,
      reconnectMostMs: 500,
    });
    this.client.on('msg_data', ({ msgData }) => this.received.push(msgData.toString()));
    this.client.connect();
  }

  /** Sends a message; returns its text. */
  send(): string {
    const text = `${this.#userId}:${++this.#sent}`;
    const message = { fromUserId: this.#userId, toSessionId: 0, msgId: this.#sent, createTime: 0 };
    const msgData = Buffer.from(text);
    this.client.send('msg_data', { ...message, msgType: MSG_TYPE.singleText, msgData });
    return text;
  }
}

/**
 * Each sends some messages; resolves when each has received all others' once, and has the right
 * presence.
 */
async function talk(servers: readonly ListingBoth[]): Promise<void> {
  for (const { client, received } of servers) {
    await client.query([0]);
    received.length = 0;
  }
  const sent = servers.map((server) => Array.from({ length: 20 }, () => server.send()));
  for (const [i, { client, received }] of servers.entries()) {
    const expected = sent.filter((_, from) => from !== i).flat();
    await waitFor(() => received.length >= expected.length, { what: 'all messages' });
    const { stats } = await client.query([1, 2, 3]);
    expect(stats.every(({ status }) => status === USER_STATUS.online)).toBe(true);
    expect([...received].sort()).toEqual([...expected].sort());
  }
}

test('msg_servers that list an old and a new route server go over to the new one, and back', async () => {
  const listen = async (port = 0): Promise<RouteNode> =>
    await startRouteNode({ env: { ROUTE_LISTEN: `127.0.0.1:${port}` } });
  await using stack = new AsyncDisposableStack();
  const [old, reserved] = [stack.use(await listen()), await listen()];
  const { port: newPort } = reserved;
  await reserved[Symbol.asyncDispose]();
  const addresses = [old.port, newPort].map((port) => `127.0.0.1:${port}`);
  const [oldAddress, newAddress] = addresses;
  const servers = Array.from({ length: SERVERS }, (_, i) => new ListingBoth(i + 1, addresses));
  for (const { client } of servers) stack.use(client);
  const allUp = (...wanted: (string | undefined)[]) =>
    waitFor(() => servers.every(({ client }) => client.up.join() === wanted.join()), {
      what: `links to ${wanted.join()}`,
    });

  await allUp(oldAddress);
  await talk(servers);

  const cluster = stack.use(await listen(newPort));
  await allUp(oldAddress, newAddress);
  await talk(servers);

  await old.kill();
  await allUp(newAddress);
  await talk(servers);

  stack.use(await listen(Number(oldAddress?.split(':')[1])));
  await allUp(newAddress, oldAddress);
  await cluster.kill();
  await allUp(oldAddress);
  await talk(servers);
});
