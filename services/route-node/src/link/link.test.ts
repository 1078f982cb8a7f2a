import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PresenceMemory, type UpdateWaiter } from '@route/presence';
import {
  CLIENT_TYPE,
  type ClientStatus,
  encodeMessage,
  STANDARD_CLIENT_TYPES,
  USER_STATUS,
} from '@route/protocol';
import { expect, it } from 'vitest';
import { Counters } from '../observability/counters.ts';
import { PduMonitor } from '../observability/pdu-monitor.ts';
import { Broadcast } from '../routing/broadcast.ts';
import type { Receiver } from '../routing/delivery.ts';
import { Hub } from '../routing/hub.ts';
import { Link, type LinkHost } from './link.ts';
import { TickFlusher } from './link-writer.ts';
import { ReadScheduler } from './read-scheduler.ts';
import { TimeSlicer } from './time-slicer.ts';

const MEBIBYTE = 1024 * 1024;

const MEMORY = { graceMs: 0, lingerMs: 0, perSecond: 1, lost: () => {}, back: () => {} };
const MESSAGE = encodeMessage('msg_read_notify', {
  ...{ userId: 1, sessionId: 2, msgId: 3, sessionType: 1 },
});

/** Answers updates when the test says so. */
class SlowPresence extends PresenceMemory {
  readonly #answers: (() => void)[] = [];
  readonly #asked = Promise.withResolvers<void>();

  /** Resolves once an update was reported. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  override update(_link: string, update: ClientStatus, waiter: UpdateWaiter): void {
    this.#answers.push(() =>
      waiter.updated(update, { kind: 'committed', state: 'pc', version: 1 }),
    );
    this.#asked.resolve();
  }

  answer(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }
}

const ignored = (): void => {};

/** A link and its msg_server, on a node that records what it is told. */
async function scene(presence: PresenceMemory, seen: string[]) {
  const counters = new Counters();
  const watch = new PduMonitor();
  const bus = { send: (): void => {} };
  const hub = new Hub({
    ...{ bus, presence, counters, watch, staleMs: 60_000 },
    delivery: (receivers) => new Broadcast(receivers, bus),
  });
  const receiver: Receiver = {
    id: 'node.2',
    send: (bytes) => seen.push(bytes.equals(MESSAGE) ? 'message' : 'notice'),
    sendPart: (bytes, start, end) => receiver.send(bytes.subarray(start, end)),
  };
  hub.setReceiving(receiver, true);
  const host: LinkHost = {
    ...{ presence, hub, counters, watch, links: 'all' },
    ...{ timeSlicer: new TimeSlicer(), readScheduler: new ReadScheduler(MEBIBYTE) },
    flusher: new TickFlusher(),
    limits: {
      ...{
        maxPduBytes: 2 * MEBIBYTE,
        minBytesPerSecond: 1,
        heartbeatMs: 60_000,
        timeoutMs: 60_000,
        drainTimeoutMs: 60_000,
      },
      ...{ pendingPdus: 100, pendingBytes: MEBIBYTE },
      ...{ highWaterMarkBytes: MEBIBYTE, queueMaxBytes: MEBIBYTE },
    },
    ...{ clientTypes: STANDARD_CLIENT_TYPES, maxQueryUsers: 5000, dropped: ignored },
    gone: () => seen.push('gone'),
    ...{
      spoken: ignored,
      ending: ignored,
      overMark: ignored,
      grownOverMark: ignored,
      warnOfSecondLink: ignored,
    },
  };
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  const msgServer = connect(address.port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  server.close();
  return { counters, msgServer, socket, link: new Link('node.1', { socket, peer: 'peer' }, host) };
}

it('is gone only after what it sent behind an update is relayed', async () => {
  const presence = new SlowPresence(MEMORY);
  const seen: string[] = [];
  const { msgServer, socket, link } = await scene(presence, seen);
  const update = encodeMessage('user_status_update', {
    ...{ userStatus: USER_STATUS.online, userId: 7, clientType: CLIENT_TYPE.windows },
  });
  msgServer.write(Buffer.concat([update, MESSAGE]));
  await presence.asked;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  msgServer.resetAndDestroy();
  await closed;
  expect(link.protocol.pendingPdus).toBe(2);
  expect(seen).toEqual([]);
  presence.answer();
  expect(seen).toEqual(['notice', 'message', 'gone']);
});

it('reads a small part of a large snapshot per turn of the loop', async () => {
  const presence = new PresenceMemory(MEMORY);
  const { counters, msgServer, link } = await scene(presence, []);
  const userStatList = Array.from({ length: 100_000 }, (_, i) => {
    return { userId: 1 + i, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows };
  });
  const list = encodeMessage('online_user_info', { userStatList });
  // The kernel must buffer as much as it accepts before the first read.
  link.pause(true);
  msgServer.write(list);
  for (let turn = 0; turn < 100; turn++) await nextTurn();
  link.pause(false);
  const { pauses } = counters;
  let most = 0;
  while (link.receivedBytes < list.length) {
    const before = link.receivedBytes;
    await nextTurn();
    most = Math.max(most, link.receivedBytes - before);
  }
  // Two reads of 64 KiB.
  expect(most).toBeLessThanOrEqual(131_072);
  while (presence.userCount < userStatList.length) await nextTurn();
  expect([counters.pauses, link.reading]).toEqual([pauses, 'reading']);
  msgServer.destroy();
});
