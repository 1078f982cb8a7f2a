import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encodeMessage, MSG_TYPE, USER_STATUS } from '@route/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PduMonitor } from '../observability/pdu-monitor.ts';
import { LinkScene, settle } from '../testing/link-scene.ts';
import { SlowPresence } from '../testing/slow-presence.ts';
import { BlockedPdus } from './blocked-pdus.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const KIBIBYTE = 1024;
const READS = 1000;

let scene: LinkScene | undefined;

afterEach(() => scene?.close());

function messageOf(bytes: number): Buffer {
  return encodeMessage('msg_data', {
    ...{ fromUserId: 1, toSessionId: 2, msgId: 3, createTime: 1 },
    ...{ msgType: MSG_TYPE.groupText, msgData: Buffer.alloc(bytes, 120) },
  });
}

/** The PDU as a slice of a read of 64 KiB. */
function inRead(pdu: Buffer): Buffer {
  const read = Buffer.allocUnsafeSlow(64 * KIBIBYTE);
  pdu.copy(read, 100);
  return read.subarray(100, 100 + pdu.length);
}

/** Bytes of buffers in use, without those of the previous test. */
async function memoryInUse(): Promise<number> {
  collectGarbage();
  await settle();
  collectGarbage();
  await settle();
  return process.memoryUsage().arrayBuffers;
}

const NO_LINK = { id: 'none', send: () => {}, sendPart: () => {} };

// A few bytes are copied by another code path than some hundred.
it.each([1, 900])(
  'slices queued for a link pin no more than a few times the memory that they count (%d bytes)',
  async (bytes) => {
    const made = new LinkScene({
      delivery: 'broadcast',
      limits: { highWaterMarkBytes: 2048 * KIBIBYTE, queueMaxBytes: 4096 * KIBIBYTE },
    });
    scene = made;
    const { link, socket } = made.open();
    await settle();
    socket.stall(true);
    const before = await memoryInUse();
    const pdu = messageOf(bytes);
    for (let i = 0; i < READS; i++) {
      made.hub.relay(NO_LINK, 'relay-to-all', inRead(pdu));
      if (i % 100 === 0) await settle(1);
    }
    expect(link.unsentBytes).toBe(READS * pdu.length);
    const most = 4 * link.unsentBytes + 256 * KIBIBYTE;
    // Another thread frees collected buffers a moment later.
    await vi.waitFor(() => {
      collectGarbage();
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(most);
    }, 10_000);
  },
);

describe('a slice of a read that is pending on its link is copied', () => {
  const update = encodeMessage('user_status_update', {
    ...{ userStatus: USER_STATUS.online, userId: 7, clientType: 1 },
  });
  const list = encodeMessage('online_user_info', {
    userStatList: Array.from({ length: 5000 }, (_, userId) => ({
      ...{ userId, status: USER_STATUS.online, clientType: 1 },
    })),
  });

  function waiting() {
    let presence: SlowPresence | undefined;
    const made = new LinkScene({
      delivery: 'broadcast',
      presence: (options) => {
        presence = new SlowPresence(options);
        return presence;
      },
    });
    scene = made;
    const { link, socket } = made.open();
    if (presence === undefined) throw new Error('the scene made no presence');
    return { made, presence, socket, sink: link.protocol };
  }

  it('behind a status update', async () => {
    const { made, presence, sink } = waiting();
    const relay = vi.spyOn(made.hub, 'relay');
    sink.pdu('status-update', update);
    sink.run('relay-to-others', inRead(messageOf(100)), 1);
    presence.answer();
    expect(relay.mock.calls.map(([, , { buffer, length }]) => buffer.byteLength / length)).toEqual([
      1,
    ]);
  });

  it('behind a snapshot', async () => {
    const { sink } = waiting();
    using isOn = vi.spyOn(PduMonitor.prototype, 'isOn', 'get');
    using handled = vi.spyOn(PduMonitor.prototype, 'pass');
    sink.pdu('snapshot', list);
    isOn.mockReturnValue(true);
    sink.run('relay-to-others', inRead(messageOf(100)), 1);
    sink.pdu('status-update', inRead(update));
    await vi.waitFor(() => expect(handled).toHaveBeenCalledTimes(2));
    for (const [, bytes] of handled.mock.calls) expect(bytes.buffer.byteLength).toBe(bytes.length);
  });

  it.each([0, 100])(
    'of a query: what is to be returned in its answer (%d bytes)',
    async (bytes) => {
      const { presence, socket, sink } = waiting();
      const query = encodeMessage('users_status_request', {
        ...{ userId: 7, userIdList: [7], attachData: Buffer.alloc(bytes, 120) },
      });
      const before = await memoryInUse();
      for (let i = 0; i < READS; i++) sink.pdu('status-query', inRead(query));
      expect(sink.pendingPdus).toBe(READS);
      await vi.waitFor(() => {
        collectGarbage();
        const kept = process.memoryUsage().arrayBuffers - before;
        expect(kept).toBeLessThan(4 * sink.pendingBytes + 256 * KIBIBYTE);
      }, 10_000);
      presence.answer();
      await settle();
      expect(socket.received.readUInt32BE(0) * READS).toBe(socket.received.length);
    },
  );
});

// Such a link sends one large query after the other.
it('PDUs that were handled pin no memory while a link always has one that waits', async () => {
  const blocked = new BlockedPdus(() => {});
  const before = await memoryInUse();
  let handled = 0;
  const enqueue = (): void => {
    const kept = Buffer.allocUnsafeSlow(16 * KIBIBYTE);
    const handle = (): void => {
      handled += kept.length;
      blocked.block();
    };
    blocked.enqueue({ bytes: kept.length, handle });
  };
  blocked.block();
  enqueue();
  for (let i = 0; i < READS; i++) {
    enqueue();
    blocked.unblock();
  }
  expect([blocked.length, handled]).toEqual([1, READS * 16 * KIBIBYTE]);
  await vi.waitFor(() => {
    collectGarbage();
    const kept = process.memoryUsage().arrayBuffers - before;
    expect(kept).toBeLessThan(4 * blocked.bytes + 256 * KIBIBYTE);
  }, 10_000);
});
