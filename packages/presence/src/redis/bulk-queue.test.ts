import { expect, test, vi } from 'vitest';
import { CountedLink } from '../ledger/counted-link.ts';
import { client } from '../testing/asking.ts';
import { BulkQueue } from './bulk-queue.ts';
import { UpdateBatch } from './shard-calls.ts';

const MOST = 100;

function idsFrom(first: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => first + i);
}

/** Sends calls until no task may run. @returns the number of users in each. */
function sendAll(bulk: BulkQueue, sent: number): number[] {
  const calls: number[] = [];
  while (bulk.next(sent) !== undefined && calls.length < 1000) calls.push(send(bulk, sent).length);
  return calls;
}

/** Sends one call. */
function send(bulk: BulkQueue, sent: number): UpdateBatch {
  const task = bulk.next(sent);
  if (task !== undefined && !task.isCollected) task.collected([], task.link.ledger.usersOf(0));
  const batch = new UpdateBatch();
  bulk.fill(batch, { sent, most: MOST });
  bulk.answered(true);
  return batch;
}

test('a repeated list is written once, and once more if writing has begun', () => {
  const bulk = new BulkQueue({ isFull: false });
  const link = new CountedLink('a.1', true);
  // With updates in between, each list waits for more operations than the one before.
  for (let after = 0; after < 1000; after++) bulk.add(link, after, idsFrom(0, 150));
  expect(send(bulk, 0).length).toBe(MOST);
  for (let after = 1000; after < 2000; after++) bulk.add(link, after, idsFrom(0, 150));
  // The rest of the first list, which kept its place; then all later lists as one.
  expect(sendAll(bulk, 0)).toEqual([50]);
  expect(sendAll(bulk, 1998)).toEqual([]);
  expect(sendAll(bulk, 1999)).toEqual([100, 50]);
  expect(bulk.isEmpty).toBe(true);
});

test('a list adds nothing to an assertion that has not begun', () => {
  const bulk = new BulkQueue({ isFull: false });
  const link = new CountedLink('a.1', true);
  bulk.add(link, 0, idsFrom(0, 50));
  bulk.add(link, 0);
  for (let i = 0; i < 10; i++) bulk.add(link, 0, idsFrom(0, 50));
  expect(bulk.asserts).toBe(true);
  link.ledger.add(client(0, 'windows', 'online'));
  expect(sendAll(bulk, 0)).toEqual([1]);
  expect(bulk.asserts).toBe(false);
  expect(bulk.isEmpty).toBe(true);
});

test('sends the entries that are current when the call is sent', () => {
  const bulk = new BulkQueue({ isFull: false });
  const link = new CountedLink('a.1', true);
  for (let i = 0; i < 3; i++) {
    link.ledger.add(client(7, 'windows', 'online'));
    bulk.add(link, i, Uint32Array.of(7));
  }
  const expected = new UpdateBatch();
  expected.set('a.1', 7, 'w3');
  expect(send(bulk, 0).args).toEqual(expected.args);
});

test('a link with few users shares the next call with links that have many', () => {
  const bulk = new BulkQueue({ isFull: false });
  const links = ['a.1', 'a.2', 'a.3'].map((id) => new CountedLink(id, true));
  for (const link of links) bulk.add(link, 0, idsFrom(0, 10_000));
  send(bulk, 0);
  const late = new CountedLink('a.4', true);
  bulk.add(late, 0, idsFrom(20_000, 20));
  const [userIds] = send(bulk, 0).args;
  expect(userIds?.includes('20019')).toBe(true);
});

test('more links than a call has places take turns', () => {
  const bulk = new BulkQueue({ isFull: false });
  const links = Array.from({ length: 3 * MOST }, (_, i) => new CountedLink(`a.${i}`, true));
  for (const link of links) bulk.add(link, 0, idsFrom(0, 2));
  using set = vi.spyOn(UpdateBatch.prototype, 'set');
  expect(sendAll(bulk, 0)).toEqual(Array.from({ length: 6 }, () => MOST));
  const served = set.mock.calls.map(([link]) => link);
  expect(new Set(served.slice(0, links.length)).size).toBe(links.length);
});

test('a link without a place in a call has not begun: it still merges its lists', () => {
  const bulk = new BulkQueue({ isFull: false });
  const links = Array.from({ length: 2 * MOST }, (_, i) => new CountedLink(`a.${i}`, true));
  for (const link of links) bulk.add(link, 0, idsFrom(0, 1));
  send(bulk, 0);
  for (const link of links.slice(MOST)) bulk.add(link, 0, idsFrom(0, 1));
  expect(sendAll(bulk, 0)).toEqual([MOST]);
});

test('the places that a link does not need go to the others', () => {
  const bulk = new BulkQueue({ isFull: false });
  bulk.add(new CountedLink('a.1', true), 0, idsFrom(0, 10));
  bulk.add(new CountedLink('a.2', true), 0, idsFrom(0, 150));
  expect(sendAll(bulk, 0)).toEqual([MOST, 60]);
});
