import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listenOn } from '../../process/listen.ts';
import { MessageStream } from './message-stream.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('closes a stream whose client reads nothing for some time although data waits', async () => {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  const server = createServer((_, response) => resolve(response));
  const { port } = await listenOn(server, { host: '127.0.0.1', port: 0 }, () => undefined);
  const client = connect(port, '127.0.0.1');
  client.pause();
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const response = await promise;
  const stream = new MessageStream(response, 'ndjson');
  const message = { text: 'x'.repeat(100_000) };
  // Until the buffers of both sockets are full as well.
  for (let stuck = 0; stuck < 10; ) {
    stuck = stream.send(message) ? 0 : stuck + 1;
    await new Promise((turn) => setImmediate(turn));
  }
  vi.advanceTimersByTime(10_000);
  expect(response.destroyed).toBe(false);
  vi.advanceTimersByTime(10_000);
  expect(response.destroyed).toBe(true);
  client.destroy();
  server.close();
});
