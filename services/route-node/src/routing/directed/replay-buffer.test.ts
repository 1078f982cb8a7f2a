import { expect, test } from 'vitest';
import { DeliveryTarget } from './delivery-target.ts';
import { InterestSet } from './interest-table.ts';
import { ReplayBuffer } from './replay-buffer.ts';

const USERS = { first: 7, second: 7 };

interface Holder {
  readonly id: string;
}

/** Retains PDUs that differ in their one byte. */
function keep(
  it: ReplayBuffer<Holder>,
  byte: number,
  { users, got = [], tag = 1 }: { users: [number, number]; got?: string[]; tag?: number },
): void {
  const [first, second] = users;
  const pdu = new DeliveryTarget<Holder>({ first, second });
  pdu.bytes = Buffer.from([byte]);
  pdu.end = 1;
  pdu.first = new InterestSet(got.map((id) => ({ id })));
  it.add(tag, pdu);
}

function begun(it: ReplayBuffer<Holder>, userId: number, id: string): number[] {
  const given: number[] = [];
  it.begin(userId, { id }, (bytes, start) => given.push(bytes[start] ?? -1));
  return given;
}

test('new interest in a user replays the missing PDUs of that user in order, once', () => {
  const it = new ReplayBuffer<Holder>('one-way');
  keep(it, 1, { users: [7, 8], got: ['a'] });
  keep(it, 2, { users: [9, 7] });
  keep(it, 3, { users: [8, 8] });
  keep(it, 4, { users: [7, 7], got: ['b'] });
  expect(begun(it, 7, 'b')).toEqual([1, 2]);
  expect(begun(it, 7, 'b')).toEqual([]);
  expect(begun(it, 8, 'b')).toEqual([3]);
  expect(begun(it, 7, 'a')).toEqual([2, 4]);
});

test('replays a PDU with its tag, and none that was released', () => {
  const it = new ReplayBuffer<Holder>('one-way');
  for (let n = 1; n <= 5; n++) keep(it, n, { users: [n, n], got: n === 4 ? ['b'] : [], tag: n });
  it.dropUpTo(2);
  const given: (readonly [byte: number | undefined, tag: number])[] = [];
  it.replayAll({ id: 'b' }, (bytes, _start, _end, tag) => given.push([bytes[0], tag]));
  expect(given).toEqual([
    [3, 3],
    [5, 5],
  ]);
  expect([begun(it, 1, 'a'), begun(it, 3, 'a')]).toEqual([[], [3]]);
  expect(it.bytes).toBe(3);
  it.dropUpTo(9);
  expect([it.bytes, begun(it, 4, 'a')]).toEqual([0, []]);
});

test('finds PDUs in more than one segment', () => {
  const it = new ReplayBuffer<Holder>('one-way');
  for (let n = 0; n < 1000; n++) keep(it, n % 256, { users: [n, 5000 + (n % 3)] });
  expect(begun(it, 5001, 'b')).toHaveLength(333);
  expect(begun(it, 999, 'b')).toEqual([999 % 256]);
});

test('pins little more memory than the PDUs need, and replays them unchanged', () => {
  const it = new ReplayBuffer<Holder>('one-way');
  const pdu = new DeliveryTarget<Holder>(USERS);
  const [count, length] = [300, 50];
  for (let n = 0; n < count; n++) {
    // A few bytes of a read of 64 KiB.
    pdu.bytes = Buffer.allocUnsafeSlow(64 * 1024).fill(n % 256);
    pdu.start = 70;
    pdu.end = 70 + length;
    it.add(1 + (n >> 5), pdu);
  }
  expect(it.bytes).toBe(count * length);
  expect(it.pinnedBytes).toBeLessThanOrEqual(2 * it.bytes + 4 * 1024 * 1024);
  const given: Buffer[] = [];
  it.replayAll({ id: 'b' }, (bytes, start, end) => given.push(bytes.subarray(start, end)));
  const expected = Array.from({ length: count }, (_, n) => Buffer.alloc(length, n % 256));
  expect(Buffer.concat(given).equals(Buffer.concat(expected))).toBe(true);
  it.dropUpTo(100);
  expect([it.bytes, it.pinnedBytes]).toEqual([0, 0]);
});

test('a PDU that goes two ways counts as delivered to the targets of both', () => {
  const it = new ReplayBuffer<Holder>('two-ways');
  const [nodes, links] = [new DeliveryTarget<Holder>(USERS), new DeliveryTarget<Holder>(USERS)];
  nodes.second = new InterestSet([{ id: 'node' }]);
  links.others = new InterestSet([{ id: 'link' }]);
  for (let n = 0; n < 300; n++) it.add(1, nodes, links);
  for (const holder of ['node', 'link']) expect(begun(it, 7, holder)).toEqual([]);
  expect(begun(it, 7, 'another')).toHaveLength(300);
  expect(begun(it, 7, 'another')).toEqual([]);
});
