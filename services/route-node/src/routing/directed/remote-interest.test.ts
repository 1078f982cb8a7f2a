import { expect, test } from 'vitest';
import {
  INTEREST_BYTES,
  INTEREST_SYNC,
  MESSAGE_TYPES,
  removalOf,
  writeInterestChange,
} from '../bus-messages.ts';
import type { DeliveryBus, Receiver } from '../delivery.ts';
import { SteppedClock } from '../testing/world.ts';
import { DeliveryTarget } from './delivery-target.ts';
import { RemoteInterest } from './remote-interest.ts';

const USERS = [1, 2, 3, 4, 5];

/** Remote nodes on a bus that records what is sent, and on which every node is heard. */
function scene() {
  const clock = new SteppedClock();
  const sent: { readonly kind: number; readonly bytes: Buffer; readonly to: string | undefined }[] =
    [];
  const bus: DeliveryBus = {
    send: (kind, bytes, to) => sent.push({ kind, bytes, to }),
    ...{ full: false, heartbeatSeq: 0, ackedByAll: 0, flushBatch: () => 0, requestAcks: () => {} },
    confirmed: (node) => (unheard.has(node) ? undefined : { heartbeatSeq: 0, at: clock.now() }),
    ackedBy: () => undefined,
    membershipComplete: true,
    passBy: () => {},
  };
  const unsure: string[] = [];
  const unheard = new Set<string>();
  const nodes = new RemoteInterest({
    ...{ bus, clock, usersOf: () => [], wantsAll: () => false },
    ...{ begins: () => {}, confirmed: () => {} },
    unsure: ({ id }) => unsure.push(id),
  });
  return { clock, sent, nodes, unsure, unheard };
}

function holdings(userIds: readonly number[], held: boolean): Buffer {
  const bytes = Buffer.alloc(userIds.length * INTEREST_BYTES);
  let at = 0;
  for (const userId of userIds) at = writeInterestChange(bytes, at, { userId, held });
  return bytes;
}

/** A known node that has listed some users. */
function listedNode(nodes: RemoteInterest, id: string, userIds: readonly number[]) {
  nodes.known(id);
  const node = nodes.get(id);
  if (node === undefined) throw new Error(`${id} is not known`);
  nodes.listed(node, INTEREST_SYNC.begins);
  nodes.changed(node, holdings(userIds, true));
  nodes.listed(node, INTEREST_SYNC.ends);
  nodes.judge();
  return node;
}

const heldOn = (nodes: RemoteInterest): number[] => USERS.filter((id) => !nodes.of(id).isEmpty);

test('a node may have any user until it has sent its full list', () => {
  const { nodes, unsure } = scene();
  nodes.known('other');
  expect(nodes.unsure.members.map(({ id }) => id)).toEqual(['other']);
  // It also gets the retained PDUs.
  expect(unsure).toEqual(['other']);
  const node = listedNode(nodes, 'other', [1, 2]);
  expect(nodes.unsure.isEmpty).toBe(true);
  nodes.changed(node, holdings([2], false));
  expect(heldOn(nodes)).toEqual([1]);
});

test("a node is sent this node's list once it is heard", async () => {
  const { nodes, sent, unheard, clock } = scene();
  unheard.add('other');
  nodes.known('other');
  await clock.pass(100);
  expect(sent).toEqual([]);
  unheard.clear();
  nodes.judge();
  nodes.judge();
  await clock.pass(100);
  const said = sent
    .filter(({ kind }) => kind === MESSAGE_TYPES.interestSync)
    .map(({ bytes }) => bytes);
  expect(said.filter((what) => what.equals(INTEREST_SYNC.begins))).toHaveLength(1);
  expect(said.at(-1)).toEqual(INTEREST_SYNC.ends);
});

// A node that was forgotten here and returns has known this one all the time, and sends no list on
// its own.
test('a node that is heard but sends no list is asked for it until it does', async () => {
  const { nodes, sent, clock } = scene();
  nodes.known('other');
  const asked = (): number => sent.filter(({ bytes }) => bytes.equals(INTEREST_SYNC.asked)).length;
  for (let ms = 0; ms < 2500; ms += 100) {
    nodes.judge();
    await clock.pass(100);
  }
  expect(asked()).toBe(2);
  const node = nodes.get('other');
  if (node === undefined) throw new Error('it is not known');
  nodes.listed(node, INTEREST_SYNC.begins);
  nodes.listed(node, INTEREST_SYNC.ends);
  for (let ms = 0; ms < 2500; ms += 100) {
    nodes.judge();
    await clock.pass(100);
  }
  expect([asked(), nodes.unsure.isEmpty]).toEqual([2, true]);
});

test('a new list of a node replaces its earlier interest', () => {
  const { nodes } = scene();
  const node = listedNode(nodes, 'other', [1, 2]);
  nodes.missed('other');
  expect(nodes.unsure.isEmpty).toBe(false);
  nodes.listed(node, INTEREST_SYNC.begins);
  for (let shard = 0; shard < 64; shard++) {
    nodes.listed(node, Buffer.from([...INTEREST_SYNC.shard, shard]));
  }
  nodes.changed(node, holdings([3], true));
  nodes.listed(node, INTEREST_SYNC.ends);
  nodes.judge();
  expect(nodes.unsure.isEmpty).toBe(true);
  expect(heldOn(nodes)).toEqual([3]);
});

test('a node that wants every PDU may have any user, until it wants only those of its users', () => {
  const { nodes } = scene();
  const node = listedNode(nodes, 'other', [1]);
  nodes.listed(node, INTEREST_SYNC.wantsAll);
  expect(nodes.unsure.has(node)).toBe(true);
  nodes.listed(node, INTEREST_SYNC.wantsItsOwn);
  nodes.judge();
  expect(nodes.unsure.isEmpty).toBe(true);
});

test('a node that is gone is sent nothing, and its interest is removed in steps', async () => {
  const { nodes, sent, clock } = scene();
  const gone = listedNode(nodes, 'gone', USERS);
  const stays = listedNode(nodes, 'stays', [1]);
  nodes.gone('gone');
  await clock.pass(1);
  const before = sent.length;
  gone.run.append(Buffer.from('pdu'), 0, 3);
  gone.run.flush();
  stays.run.append(Buffer.from('pdu'), 0, 3);
  stays.run.flush();
  expect(sent.slice(before)).toEqual([
    { kind: MESSAGE_TYPES.directed, bytes: Buffer.from('pdu'), to: 'stays' },
  ]);
  await clock.pass(100);
  expect(heldOn(nodes)).toEqual([1]);
  expect(nodes.of(1).members).toEqual([stays]);
});

test('a node that returns under its id does not inherit the interest of the first', async () => {
  const { nodes, clock } = scene();
  listedNode(nodes, 'other', [1, 2]);
  nodes.gone('other');
  const back = listedNode(nodes, 'other', [2]);
  await clock.pass(100);
  expect(heldOn(nodes)).toEqual([2]);
  expect(nodes.of(2).members).toEqual([back]);
});

test('PDUs from a node are retained until that node releases them', () => {
  const { nodes } = scene();
  const node = listedNode(nodes, 'other', []);
  const pdu = new DeliveryTarget<Receiver>({ first: 1, second: 2 });
  pdu.end = 100;
  node.recent.add(7, pdu);
  node.recent.add(8, pdu);
  nodes.listed(node, removalOf(8));
  expect(node.recent.bytes).toBe(100);
  nodes.listed(node, removalOf(9));
  expect(node.recent.bytes).toBe(0);
});
