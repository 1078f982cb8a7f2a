import { createServer, get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { PduMonitor } from '../../observability/pdu-monitor.ts';
import { listenOn } from '../../process/listen.ts';
import { Guard } from '../http/guard.ts';
import { MessageStream } from './message-stream.ts';
import { watchRoutes } from './watch-routes.ts';

/** A list of users with at least `bytes` bytes. */
function listOf(bytes: number): Buffer {
  const client = { userId: 7, clientType: CLIENT_TYPE.windows, status: USER_STATUS.online };
  const userStatList = Array.from({ length: Math.ceil(bytes / 8) }, () => client);
  return encodeMessage('online_user_info', { userStatList });
}

test('shows no fields of a PDU above 64 KiB, which would take long to decode', async () => {
  const watch = new PduMonitor();
  const [route] = watchRoutes({
    nodeId: 'node',
    watch,
    bodiesAllowed: false,
    peerOf: () => undefined,
    guard: new Guard({ token: () => '', hosts: [] }),
  });
  const answer = await route?.handle({
    params: {},
    headers: {},
    query: new URLSearchParams('decode=1'),
  });
  if (answer?.kind !== 'stream') throw new Error('the route answers with no stream');
  const server = createServer((_, response) => {
    answer.start(new MessageStream(response, 'ndjson'));
    watch.pass('node.1', listOf(66 * 1024));
    watch.pass('node.1', listOf(60 * 1024));
  });
  const { port } = await listenOn(server, { host: '127.0.0.1', port: 0 }, () => undefined);
  const response = await new Promise<IncomingMessage>((resolve) => {
    get(`http://127.0.0.1:${port}/`, resolve);
  });
  const shown: unknown[] = [];
  for await (const line of createInterface({ input: response })) {
    shown.push(JSON.parse(line));
    if (shown.length === 2) break;
  }
  expect(shown).toMatchObject([
    { command: 'online_user_info', fields: null },
    { command: 'online_user_info', fields: { userStatList: expect.any(Array) } },
  ]);
  response.destroy();
  server.close();
});
