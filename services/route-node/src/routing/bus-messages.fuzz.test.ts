import { Bus, MemoryHub } from '@route/bus';
import { CLIENT_TYPE, encodeMessage, HEADER_BYTES, MSG_TYPE } from '@route/protocol';
import { fuzz, fuzzTimeoutMs, mutate } from '@route/random';
import { expect, test, vi } from 'vitest';
import { Counters } from '../observability/counters.ts';
import { PduMonitor } from '../observability/pdu-monitor.ts';
import { Broadcast } from './broadcast.ts';
import {
  INTEREST_BYTES,
  INTEREST_SYNC,
  isValidMessage,
  MESSAGE_TYPES,
  NOTIFICATION_BYTES,
  removalOf,
  writeInterestChange,
  writeNotification,
} from './bus-messages.ts';
import type { Delivery, Receiver } from './delivery.ts';
import { Directed } from './directed/directed.ts';
import { Hub } from './hub.ts';

vi.setConfig({ testTimeout: fuzzTimeoutMs() });

const CORPUS: readonly Buffer[] = entries();

function entries(): Buffer[] {
  const message = encodeMessage('msg_data', {
    ...{ fromUserId: 1, toSessionId: 2, msgId: 3, createTime: 4, msgData: Buffer.alloc(40, 'x') },
    msgType: MSG_TYPE.singleText,
  });
  const kick = encodeMessage('server_kick_user', {
    ...{ userId: 1, clientType: CLIENT_TYPE.windows, reason: 1 },
  });
  const holdings = Buffer.alloc(2 * INTEREST_BYTES);
  writeInterestChange(holdings, writeInterestChange(holdings, 0, { userId: 1, held: true }), {
    ...{ userId: 2, held: false },
  });
  const notice = Buffer.alloc(NOTIFICATION_BYTES);
  writeNotification(notice, 0, { kind: 'online', userId: 1, version: 5 });
  const shard = Buffer.from([...INTEREST_SYNC.shard, 1]);
  return [
    ...[message, kick, Buffer.concat([message, kick, message]), holdings, notice, shard],
    ...[removalOf(7), ...Object.values(INTEREST_SYNC)],
  ];
}

/** A link that fails the test when it receives anything but whole PDUs. */
class WholePduLink implements Receiver {
  readonly id = 'node.1';

  send(bytes: Buffer): void {
    this.sendPart(bytes, 0, bytes.length);
  }

  sendPart(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const length = bytes.readUInt32BE(at);
      if (length < HEADER_BYTES || at + length > end) throw new Error('no whole PDU');
      at += length;
    }
  }
}

function exchangeWith(delivery: (receivers: Set<Receiver>) => Delivery): Hub {
  const receivers = new Set<Receiver>();
  const hub = new Hub({
    bus: { send: () => {} },
    presence: {
      ...{ announced: () => {}, confirm: () => {} },
      ...{ isGraceOver: () => false, versionSeen: () => true },
    },
    counters: new Counters(),
    watch: new PduMonitor(),
    staleMs: 60_000,
    delivery: (own) => {
      for (const link of own) receivers.add(link);
      return delivery(receivers);
    },
  });
  const links = Array.from({ length: 3 }, () => new WholePduLink());
  for (const link of links) {
    hub.opened(link);
    hub.setReceiving(link, true);
    receivers.add(link);
  }
  return hub;
}

const DELIVERIES = {
  broadcast: (receivers: Set<Receiver>) => new Broadcast(receivers, { send: () => {} }),
  directed: (receivers: Set<Receiver>) => {
    const bus = new Bus({
      nodeId: 'node',
      transport: new MemoryHub().join('node'),
      events: {
        ...{ onEntry: () => {}, onResponsive: () => {}, onJoined: () => {}, onFull: () => {} },
        ...{ onLost: () => {}, onError: () => {} },
      },
    });
    const directed = new Directed({
      ...{ receivers, bus, counters: new Counters(), mostKeptBytes: 1 << 20, onFull: () => {} },
    });
    directed.nodeKnown('other');
    return directed;
  },
} as const;

for (const [name, delivery] of Object.entries(DELIVERIES)) {
  test(`mutated bus messages stop no node, and links receive only whole PDUs (${name})`, () => {
    const hub = exchangeWith(delivery);
    const kinds = Object.values(MESSAGE_TYPES);
    let frame = 0;
    fuzz(`bus entries, ${name}`, (random) => {
      const kind = random.chance(0.02) ? random.below(256) : random.pick(kinds);
      frame += 1;
      hub.entry(kind, mutate(random, CORPUS), { node: 'other', frame });
      if (frame % 100 === 0) hub.flush();
    });
    hub.flush();
  });
}

test('zeros, a truncated PDU and a PDU length below that of a header are not a batch', () => {
  const [message] = CORPUS;
  if (message === undefined) throw new Error('no message');
  const short = Buffer.from(message);
  short.writeUInt32BE(HEADER_BYTES - 1, 0);
  const invalid = [Buffer.alloc(16), message.subarray(0, message.length - 1), short];
  for (const bytes of [...invalid, Buffer.concat([message, Buffer.alloc(1)])]) {
    expect(isValidMessage(MESSAGE_TYPES.batch, bytes)).toBe(false);
    expect(isValidMessage(MESSAGE_TYPES.directed, bytes)).toBe(false);
  }
  expect(isValidMessage(MESSAGE_TYPES.batch, Buffer.concat([message, message]))).toBe(true);
});
