import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Counters } from '../observability/counters.ts';
import { LinkWriter, TickFlusher } from './link-writer.ts';

/** The socket of a server and its peer, both on loopback. */
async function socketPair(): Promise<{ ours: Socket; theirs: Socket; close: () => void }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  const theirs = connect(address.port, '127.0.0.1');
  const [ours]: Socket[] = await once(server, 'connection');
  if (ours === undefined) throw new Error('nobody connected');
  return {
    ours,
    theirs,
    close: () => {
      ours.destroy();
      theirs.destroy();
      server.close();
    },
  };
}

describe('a link’s writer', () => {
  let pair: Awaited<ReturnType<typeof socketPair>>;
  let counters: Counters;
  let writer: LinkWriter;
  let progress: number;

  beforeEach(async () => {
    pair = await socketPair();
    counters = new Counters();
    progress = 0;
    writer = new LinkWriter({
      socket: pair.ours,
      flusher: new TickFlusher(),
      counters,
      progressed: () => progress++,
    });
  });

  afterEach(() => pair.close());

  it('makes one write of the output of a tick', async () => {
    for (let i = 0; i < 100; i++) writer.write(Buffer.from(`${i} `));
    expect(counters.linkWrites).toBe(0);
    const [received]: Buffer[] = await once(pair.theirs, 'data');
    expect(received?.toString()).toBe(Array.from({ length: 100 }, (_, i) => `${i} `).join(''));
    expect(counters.linkWrites).toBe(1);
    expect(writer.unsentBytes).toBe(0);
  });

  it('keeps the order while the peer does not read, and sends the rest when it does', async () => {
    pair.theirs.pause();
    const total = 16 * 1024 * 1024;
    const chunk = Buffer.allocUnsafe(total / 4);
    for (let i = 0; i < chunk.length; i += 4) chunk.writeUInt32BE(i, i);
    for (let i = 0; i < 4; i++) writer.write(chunk);
    writer.flush();
    expect(writer.unsentBytes).toBeGreaterThan(0);
    const before = writer.unsentBytes;

    const received: Buffer[] = [];
    let bytes = 0;
    await new Promise<void>((resolve) => {
      pair.theirs.on('data', (data: Buffer) => {
        received.push(data);
        bytes += data.length;
        if (bytes === total) resolve();
      });
      pair.theirs.resume();
    });
    expect(Buffer.concat(received).equals(Buffer.concat([chunk, chunk, chunk, chunk]))).toBe(true);
    expect(before).toBeLessThanOrEqual(total);
    expect(progress).toBeGreaterThan(0);
    expect(writer.unsentBytes).toBe(0);
  });

  it('sends the queue before it ends the connection', async () => {
    pair.theirs.pause();
    writer.write(Buffer.alloc(8 * 1024 * 1024, 1));
    writer.flush();
    writer.write(Buffer.from('the end'));
    writer.end();
    let bytes = 0;
    let last = '';
    pair.theirs.on('data', (data: Buffer) => {
      bytes += data.length;
      last = data.subarray(-7).toString();
    });
    pair.theirs.resume();
    await once(pair.theirs, 'end');
    expect(bytes).toBe(8 * 1024 * 1024 + 7);
    expect(last).toBe('the end');
  });
});
