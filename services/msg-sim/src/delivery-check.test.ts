import { expect, test } from 'vitest';
import { DeliveryCheck, type Member } from './delivery-check.ts';

const RUN = 7;
const NOTHING = {
  delivered: 0,
  lost: 0,
  awaited: 0,
  doubled: 0,
  outOfOrder: 0,
  unexpected: 0,
  cutOff: 0,
};

/** Has a member send so many. */
function send(member: Member, count: number): void {
  member.sent += count;
}

test('what is sent is awaited at every other link until it comes', () => {
  const check = new DeliveryCheck(RUN);
  const [a, b, c] = [check.join(), check.join(), check.join()];
  send(a, 2);
  expect(check.totals()).toEqual({ ...NOTHING, awaited: 4 });
  for (const receiver of [b, c]) for (const n of [1, 2]) check.arrived(receiver, a.id, n);
  expect(check.totals()).toEqual({ ...NOTHING, delivered: 4 });
});

test('a hole is lost, a repeat doubled, a late one out of order, one’s own astray', () => {
  const check = new DeliveryCheck(RUN);
  const [a, b] = [check.join(), check.join()];
  send(a, 4);
  for (const n of [1, 4, 4, 2]) check.arrived(b, a.id, n);
  check.arrived(a, a.id, 1);
  check.arrived(b, a.id, 5);
  expect(check.totals()).toEqual({
    ...NOTHING,
    delivered: 3,
    lost: 1,
    doubled: 1,
    outOfOrder: 1,
    unexpected: 2,
  });
});

test('what is missing of a link that was lost is cut off, not lost', () => {
  const check = new DeliveryCheck(RUN);
  const [a, b, c] = [check.join(), check.join(), check.join()];
  send(a, 3);
  check.arrived(b, a.id, 1);
  check.arrived(c, a.id, 2);
  check.leave(a, 0);
  expect(check.totals()).toMatchObject({ lost: 0, awaited: 0, cutOff: 4 });

  // Whoever comes in its place is another sender, of whom nothing is excused.
  const again = check.join();
  send(again, 1);
  expect(check.totals()).toMatchObject({ awaited: 2, cutOff: 4 });
});

test('a link that was lost misses nothing after its end, but holes before it stay lost', () => {
  const check = new DeliveryCheck(RUN);
  const [a, b] = [check.join(), check.join()];
  send(a, 3);
  check.arrived(b, a.id, 2);
  check.leave(b, 0);
  expect(check.totals()).toMatchObject({ lost: 1, awaited: 0, cutOff: 0 });
});

test('what was cut off stays so when the receiver’s link is lost as well', () => {
  const check = new DeliveryCheck(RUN);
  const [a, b, c] = [check.join(), check.join(), check.join()];
  send(a, 3);
  check.arrived(b, a.id, 1);
  check.leave(a, 0);
  expect(check.totals()).toMatchObject({ lost: 0, cutOff: 5 });
  check.leave(b, 1);
  check.leave(c, 2);
  expect(check.totals()).toMatchObject({ lost: 0, cutOff: 5 });
  check.forget(62_000);
  expect(check.totals()).toMatchObject({ lost: 0, cutOff: 5 });
});

test('who joins must get what is sent from then on', () => {
  const check = new DeliveryCheck(RUN);
  const a = check.join();
  send(a, 10);
  const b = check.join();
  expect(check.totals()).toEqual(NOTHING);
  send(a, 1);
  expect(check.totals()).toMatchObject({ awaited: 1 });
  check.arrived(b, a.id, 11);
  expect(check.totals()).toMatchObject({ awaited: 0, delivered: 1 });
});

test('what another simulation in the same cluster sends is none of its business', () => {
  const check = new DeliveryCheck(RUN);
  const other = new DeliveryCheck(RUN + 1).join();
  expect(check.arrived(check.join(), other.id, 1)).toBe(false);
  expect(check.totals()).toEqual(NOTHING);
});

test('links that ended long ago are forgotten, what was found of them is not', () => {
  const check = new DeliveryCheck(RUN);
  const [a, b, c] = [check.join(), check.join(), check.join()];
  send(a, 3);
  send(c, 2);
  check.arrived(b, a.id, 2);
  check.arrived(b, c.id, 2);
  check.leave(a, 0);
  check.leave(b, 0);
  const before = check.totals();
  expect(before).toMatchObject({ lost: 1, cutOff: 2 + 3 });
  check.forget(61_000);
  expect(check.totals()).toEqual(before);
  check.arrived(c, a.id, 1);
  expect(check.totals()).toMatchObject({ unexpected: 1 });
});
