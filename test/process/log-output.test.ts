import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { openLink, within } from '../harness/index.ts';
import { type BareNode, startBareNode } from './bare-node.ts';

/** A small buffer, so that a test fills it soon; a drain that takes no time by itself. */
const ENV = { LOG_BUFFER_BYTES: '65536', ROUTE_DRAIN_SECONDS: '0.5' };

/** A FIFO, open for reading and writing here: it has a reader, which reads when it is told to. */
async function makeFifo(): Promise<
  { path: string; closeReader(): Promise<void> } & AsyncDisposable
> {
  const folder = await mkdtemp(join(tmpdir(), 'route-fifo-'));
  const path = join(folder, 'fifo');
  await promisify(execFile)('mkfifo', [path]);
  const reader = await open(path, 'r+');
  let open_ = true;
  const closeReader = async (): Promise<void> => {
    if (open_) await reader.close();
    open_ = false;
  };
  return {
    path,
    closeReader,
    [Symbol.asyncDispose]: async () => {
      await closeReader();
      await rm(folder, { recursive: true });
    },
  };
}

/** Opens links and closes them until lines of the log have been dropped; each gives two lines. */
async function logUntilDropped(node: BareNode): Promise<number> {
  return await waitFor(
    async () => {
      for (let n = 0; n < 50; n++) {
        await using link = await openLink(node);
        await link.known();
      }
      const dropped = await node.metric('route_log_dropped_lines_total');
      return dropped > 0 && dropped;
    },
    { what: 'log lines to be dropped', deadlineMs: 30_000 },
  );
}

async function relays(node: BareNode): Promise<void> {
  await using sender = await openLink(node);
  await using receiver = await openLink(node);
  await receiver.known();
  sender.msgData(7, 1);
  await receiver.waitForPdus(1);
}

async function endsInTime(node: BareNode): Promise<void> {
  node.signal('SIGTERM');
  expect(await within(node.exited, { what: 'the node to end', deadlineMs: 5000 })).toBe(
    'exit status 0',
  );
}

test('a full log device costs only log lines', async () => {
  await using node = await startBareNode({ output: '/dev/full', env: ENV });
  await logUntilDropped(node);
  await relays(node);
  const stuck = (await node.events()).filter(({ event }) => event === 'log-stuck');
  expect(stuck.map(({ facts }) => facts['code'])).toEqual(['ENOSPC']);
  await endsInTime(node);
});

test('a reader of the log that stalls costs log lines until it continues', async () => {
  await using fifo = await makeFifo();
  await using node = await startBareNode({ output: fifo.path, env: ENV });
  await logUntilDropped(node);
  await relays(node);

  let text = '';
  const reader = createReadStream(fifo.path, 'utf8').on('data', (part) => {
    text += String(part);
  });
  await waitFor(() => text.includes('"event":"log-recovered"'), { what: 'the log to go on' });
  reader.destroy();
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(lines[0]).toMatchObject({ event: 'starting' });
  const gap = lines.find((line) => Object(line)['event'] === 'log-recovered');
  expect(gap).toMatchObject({ droppedLines: await node.metric('route_log_dropped_lines_total') });
  await endsInTime(node);
});

test('a node whose log is not read exits in time', async () => {
  await using fifo = await makeFifo();
  await using node = await startBareNode({ output: fifo.path, env: ENV });
  await logUntilDropped(node);
  await endsInTime(node);
});

test('a node whose log reader has exited continues, and exits in time', async () => {
  await using fifo = await makeFifo();
  await using node = await startBareNode({ output: fifo.path, env: ENV });
  await fifo.closeReader();
  await logUntilDropped(node);
  await relays(node);
  const stuck = (await node.events()).filter(({ event }) => event === 'log-stuck');
  expect(stuck.map(({ facts }) => facts['code'])).toEqual(['EPIPE']);
  await endsInTime(node);
});
