import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';
import { serveRequests } from '../harness/worker-process.ts';
import { Dues, type Mailboxes } from './expected-deliveries.ts';
import {
  isLoadRequest,
  type LoadAnswer,
  type LoadReport,
  type LoadRequest,
} from './load-messages.ts';
import { openTrafficLink, type TrafficLink } from './traffic-link.ts';
import { makeTrafficBlock, sharedNowMs } from './traffic-pdu.ts';

/** PDUs per write. */
const BLOCK_PDUS = 200;
const TIMEOUT_MS = 30_000;

const links = new Map<number, TrafficLink>();
let mailboxes: Mailboxes = [];

async function open(request: LoadRequest & { kind: 'open' }): Promise<void> {
  const { links: wanted, senders, lateUpTo } = request;
  mailboxes = request.mailboxes;
  for (const { id, ...target } of wanted) {
    const dues = new Dues(mailboxes, id);
    const link = await openTrafficLink(target, { timeoutMs: TIMEOUT_MS, dues });
    const userId = mailboxes[id];
    if (userId !== undefined) link.write(listOf(userId));
    if ((await link.query([0])) === undefined) throw new Error(`link ${id} was not answered`);
    for (let sender = 0; sender < senders; sender++) {
      if (sender !== id) link.deliveries.expect(sender, { required: 1, lateUpTo });
    }
    links.set(id, link);
  }
}

function listOf(userId: number): Buffer {
  const user = { userId, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows };
  return encodeMessage('online_user_info', { userStatList: [user] });
}

async function flood(id: number, request: LoadRequest & { kind: 'flood' }): Promise<void> {
  const { first, count, pduBytes } = request;
  const link = links.get(id);
  const fromUserId = mailboxes[id] ?? 0;
  for (let written = 0; written < count && link?.state === 'open'; written += BLOCK_PDUS) {
    const part = Math.min(BLOCK_PDUS, count - written);
    const block = { sender: id, first: first + written, count: part, pduBytes };
    const sentAtMs = sharedNowMs();
    if (!link.write(makeTrafficBlock({ ...block, sentAtMs, mailboxes, fromUserId }))) {
      await link.whenDrained();
    }
  }
}

function report(written: readonly number[]): LoadReport {
  const sum = { openLinks: 0, delivered: 0, lost: 0, doubled: 0, reordered: 0, unexpected: 0 };
  for (const { deliveries, state } of links.values()) {
    sum.openLinks += state === 'open' ? 1 : 0;
    sum.delivered += deliveries.delivered + deliveries.reordered + deliveries.late;
    sum.doubled += deliveries.doubled;
    sum.reordered += deliveries.reordered;
    sum.unexpected += deliveries.unexpected;
    written.forEach((count, sender) => {
      sum.lost += deliveries.missingBetween(sender) + deliveries.missingAtEnd(sender, count);
    });
  }
  return sum;
}

async function answerTo(request: LoadRequest): Promise<LoadAnswer> {
  switch (request.kind) {
    case 'open':
      await open(request);
      return { kind: 'done' };
    case 'flood':
      await Promise.all(request.ids.map((id) => flood(id, request)));
      return { kind: 'done' };
    case 'report':
      return { kind: 'report', report: report(request.written) };
  }
}

serveRequests(isLoadRequest, answerTo);
