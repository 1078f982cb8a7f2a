import { AdminClient, type WatchMessage } from '@route/admin-api';
import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, encodeMessage, MSG_TYPE, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { openKnownLink } from '../cluster/known-links.ts';
import { type RouteNode, startRouteNode, type TestLink } from '../harness/index.ts';
import { rawRequest } from './raw-request.ts';

const TOKEN = 'the-token-of-this-test';
const SECRET_TEXT = 'private text of a user';

function adminOf(node: RouteNode, token?: string): AdminClient {
  const address = new URL(node.adminUrl).host;
  return new AdminClient({ address, ...(token !== undefined && { token }) });
}

/** Collects what a stream sends, until the test's scope ends. */
class Gathered<T> implements AsyncDisposable {
  readonly messages: T[] = [];
  readonly #abort = new AbortController();
  readonly #reading: Promise<void>;

  constructor(open: (signal: AbortSignal) => AsyncGenerator<T>) {
    const read = async (): Promise<void> => {
      for await (const message of open(this.#abort.signal)) this.messages.push(message);
    };
    this.#reading = read();
  }

  async has(count: number): Promise<readonly T[]> {
    await waitFor(() => this.messages.length >= count, { what: `${count} messages` });
    return this.messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }
}

/** Sends until the monitor receives it: it may not be connected yet. */
async function seen(link: TestLink, gathered: Gathered<WatchMessage>): Promise<void> {
  let n = 0;
  await waitFor(
    () => {
      link.msgData(1, ++n);
      return gathered.messages.length > 0;
    },
    { what: 'the watcher to see a message' },
  );
}

function secretMessage(): Buffer {
  return encodeMessage('msg_data', {
    fromUserId: 1,
    toSessionId: 2,
    msgId: 99,
    createTime: 0,
    msgType: MSG_TYPE.singleText,
    msgData: Buffer.from(SECRET_TEXT),
  });
}

test('reports links as they open and close, without repeats for a client that names its last event', async () => {
  await using node = await startRouteNode();
  const client = adminOf(node);
  const { lastSeq } = await client.events();
  await using stream = new Gathered((signal) => client.follow({ after: lastSeq }, signal));
  const link = await openKnownLink(node);
  await link.close();
  const [opened, closed] = await stream.has(2);
  expect(opened).toMatchObject({
    seq: lastSeq + 1,
    level: 'info',
    event: 'link-opened',
    facts: { peer: link.address },
  });
  expect(closed).toMatchObject({ event: 'link-closed', facts: { reason: 'peer-closed' } });
  const { events } = await client.events({ after: lastSeq });
  expect(events).toEqual([opened, closed]);
  expect((await client.events({ limit: 1 })).events).toEqual([closed]);
});

test('sends events as Server-Sent Events by default, and resumes after the last one', async () => {
  await using node = await startRouteNode();
  const abort = new AbortController();
  const { lastSeq } = await adminOf(node).events();
  const response = await fetch(`${node.adminUrl}/api/v1/events/stream`, {
    headers: { 'last-event-id': String(lastSeq - 1) },
    signal: abort.signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader?.read();
  abort.abort();
  const [id, data] = String(first?.value).split('\n');
  expect(id).toBe(`id: ${lastSeq}`);
  expect(JSON.parse(String(data).replace('data: ', ''))).toMatchObject({ event: 'ready' });
});

test('a monitor receives header and link of PDUs, never the text of users', async () => {
  await using node = await startRouteNode();
  await using link = await openKnownLink(node);
  const client = adminOf(node);
  await using watching = new Gathered((signal) =>
    client.watch({ commands: ['msg_data'], decode: true }, signal),
  );
  await seen(link, watching);
  const before = watching.messages.length;
  link.status({ userId: 1, status: USER_STATUS.online, clientType: CLIENT_TYPE.mac });
  link.send(secretMessage());
  const message = await waitFor(
    () =>
      watching.messages.slice(before).find((m) => m.kind === 'pdu' && m.fields?.['msgId'] === 99),
    { what: 'the message' },
  );
  expect(message).toMatchObject({
    node: node.id,
    peer: link.address,
    command: 'msg_data',
    commandId: 0x0301,
    serviceId: 0x0003,
    length: secretMessage().length,
    version: 1,
    fields: { fromUserId: 1, toSessionId: 2, msgData: { bytes: SECRET_TEXT.length } },
  });
  expect(message).not.toHaveProperty('bodyHex');
  const all = JSON.stringify(watching.messages);
  expect(all).not.toContain(SECRET_TEXT);
  expect(all).not.toContain('user_status_update');
});

test('a monitor receives updates, and the notifications that the node makes of them', async () => {
  await using node = await startRouteNode();
  await using link = await openKnownLink(node);
  const client = adminOf(node);
  await using watching = new Gathered((signal) => client.watch({ decode: true }, signal));
  await seen(link, watching);
  link.status({ userId: 7, status: USER_STATUS.online, clientType: CLIENT_TYPE.mac });
  const commands = await waitFor(
    () => {
      const some = watching.messages.flatMap((m) =>
        m.kind === 'pdu' && m.command !== 'msg_data' ? [m] : [],
      );
      return some.length >= 3 && some;
    },
    { what: 'the update and its notifications' },
  );
  expect(commands.map(({ command, peer }) => [command, peer])).toEqual([
    ['user_status_update', link.address],
    ['login_status_notify', null],
    ['status_notify', null],
  ]);
});

test('drops and counts PDUs above the requested rate, and still relays them', async () => {
  await using node = await startRouteNode();
  await using link = await openKnownLink(node);
  await using receiver = await openKnownLink(node);
  const client = adminOf(node);
  await using watching = new Gathered((signal) => client.watch({ rate: 5 }, signal));
  await seen(link, watching);
  const sent = 1000;
  link.send(...Array.from({ length: sent }, () => secretMessage()));
  await receiver.waitForPdus(sent);
  const counts = await waitFor(
    () => {
      const dropped = watching.messages.reduce(
        (n, m) => n + (m.kind === 'dropped' ? m.pdus : 0),
        0,
      );
      const shown = watching.messages.filter((m) => m.kind === 'pdu').length;
      return dropped + shown >= sent && { dropped, shown };
    },
    { what: 'all to be shown or counted', deadlineMs: 10_000 },
  );
  expect(counts.dropped).toBeGreaterThan(sent / 2);
});

test('a disconnected monitor costs nothing', async () => {
  await using node = await startRouteNode();
  await using link = await openKnownLink(node);
  for (let n = 0; n < 40; n++) {
    // More than the limit of open streams: each is released when its client disconnects.
    await using watching = new Gathered((signal) => adminOf(node).watch({}, signal));
    await seen(link, watching);
  }
});

test('shows bodies only where the node allows it, and only with the token', async () => {
  const env = { ROUTE_ADMIN_TOKEN: TOKEN };
  await using open = await startRouteNode({ env: { ...env, ROUTE_WATCH_BODIES: 'on' } });
  await using closed = await startRouteNode({ env });
  const path = '/api/v1/watch?bodies=1';
  const refusal = async (node: RouteNode, headers: Record<string, string>) => {
    const { status, body } = await rawRequest(node.adminUrl, { path, headers });
    return { status, code: JSON.parse(body).code };
  };
  const authorization = `Bearer ${TOKEN}`;
  expect(await refusal(open, {})).toEqual({ status: 401, code: 'token-missing' });
  expect(await refusal(closed, { authorization })).toEqual({
    status: 403,
    code: 'bodies-not-allowed',
  });

  await using link = await openKnownLink(open);
  await using watching = new Gathered((signal) =>
    adminOf(open, TOKEN).watch({ bodies: true }, signal),
  );
  await seen(link, watching);
  link.send(secretMessage());
  const hex = Buffer.from(SECRET_TEXT).toString('hex');
  await waitFor(
    () => watching.messages.some((m) => m.kind === 'pdu' && m.bodyHex?.includes(hex) === true),
    { what: 'the body' },
  );
});
