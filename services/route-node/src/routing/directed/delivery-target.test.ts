import { expect, test } from 'vitest';
import { DeliveryTarget } from './delivery-target.ts';
import { InterestSet } from './interest-table.ts';

test('a PDU goes to all its targets even if another PDU is delivered inside a send', () => {
  const users = { first: 1, second: 2 };
  const holders = new Map([
    [1, new InterestSet(['a', 'b'])],
    [2, new InterestSet(['b', 'c'])],
    [3, new InterestSet(['x'])],
  ]);
  const of = (userId: number) => holders.get(userId) ?? new InterestSet<string>([]);
  const pdu = new DeliveryTarget<string>(users);
  const aim = (first: number, second: number, text: string): void => {
    Object.assign(users, { first, second });
    pdu.aim({ of }, Buffer.from(text), 0, text.length);
  };
  const got: string[] = [];
  const pass = (holder: string, bytes: Buffer, start: number, end: number): void => {
    got.push(`${holder}: ${bytes.toString('latin1', start, end)}`);
    if (holder !== 'a') return;
    // As if a send closed the link and another PDU were delivered as a result.
    aim(3, 3, 'inside');
    pdu.others = new InterestSet(['y']);
    pdu.from = 'c';
    pdu.passOn(pass);
  };
  aim(1, 2, 'outside');
  pdu.others = new InterestSet(['c', 'd']);
  pdu.from = 'd';
  pdu.passOn(pass);
  expect(got).toEqual(['a: outside', 'x: inside', 'y: inside', 'b: outside', 'c: outside']);
});
