import { describe, expect, test } from 'vitest';
import { DeliveryCheck, type Member } from './delivery-check.ts';

const RUN = 7;
const NOTHING = {
  delivered: 0,
  lost: 0,
  awaited: 0,
  doubled: 0,
  outOfOrder: 0,
  caughtUp: 0,
  besides: 0,
  unexpected: 0,
  cutOff: 0,
};

/** Creates a check for nodes that relay every PDU to every link. */
function broadcastCheck(run = RUN): DeliveryCheck {
  return new DeliveryCheck({ run, delivery: 'broadcast' });
}

/** Sends `count` PDUs from a member. */
function send(check: DeliveryCheck, member: Member, count: number): void {
  for (let i = 0; i < count; i++) check.sending(member, 'all');
}

test('expects each PDU at every other link until it arrives', () => {
  const check = broadcastCheck();
  const [a, b, c] = [check.join(), check.join(), check.join()];
  send(check, a, 2);
  expect(check.totals()).toEqual({ ...NOTHING, awaited: 4 });
  for (const receiver of [b, c]) for (const n of [1, 2]) check.arrived(receiver, a.id, n);
  expect(check.totals()).toEqual({ ...NOTHING, delivered: 4 });
});

test('counts a gap as lost, a repeat as doubled, a late PDU as out of order, an echo as astray', () => {
  const check = broadcastCheck();
  const [a, b] = [check.join(), check.join()];
  send(check, a, 4);
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

test('counts PDUs missing from a lost link as cut off, not as lost', () => {
  const check = broadcastCheck();
  const [a, b, c] = [check.join(), check.join(), check.join()];
  send(check, a, 3);
  check.arrived(b, a.id, 1);
  check.arrived(c, a.id, 2);
  check.leave(a, 0);
  expect(check.totals()).toMatchObject({ lost: 0, awaited: 0, cutOff: 4 });

  // The link that replaces it is a new sender with full guarantees.
  const again = check.join();
  send(check, again, 1);
  expect(check.totals()).toMatchObject({ awaited: 2, cutOff: 4 });
});

test('expects nothing after the end of a lost link, but counts earlier gaps as lost', () => {
  const check = broadcastCheck();
  const [a, b] = [check.join(), check.join()];
  send(check, a, 3);
  check.arrived(b, a.id, 2);
  check.leave(b, 0);
  expect(check.totals()).toMatchObject({ lost: 1, awaited: 0, cutOff: 0 });
});

test('keeps the cut-off count when the receiver’s link is lost as well', () => {
  const check = broadcastCheck();
  const [a, b, c] = [check.join(), check.join(), check.join()];
  send(check, a, 3);
  check.arrived(b, a.id, 1);
  check.leave(a, 0);
  expect(check.totals()).toMatchObject({ lost: 0, cutOff: 5 });
  check.leave(b, 1);
  check.leave(c, 2);
  expect(check.totals()).toMatchObject({ lost: 0, cutOff: 5 });
  check.forget(62_000);
  expect(check.totals()).toMatchObject({ lost: 0, cutOff: 5 });
});

test('expects PDUs at a new link from the moment it joins', () => {
  const check = broadcastCheck();
  const a = check.join();
  send(check, a, 10);
  const b = check.join();
  expect(check.totals()).toEqual(NOTHING);
  send(check, a, 1);
  expect(check.totals()).toMatchObject({ awaited: 1 });
  check.arrived(b, a.id, 11);
  expect(check.totals()).toMatchObject({ awaited: 0, delivered: 1 });
});

test('ignores PDUs of another simulation in the same cluster', () => {
  const check = broadcastCheck();
  const other = broadcastCheck(RUN + 1).join();
  expect(check.arrived(check.join(), other.id, 1)).toBe('foreign');
  expect(check.totals()).toEqual(NOTHING);
});

test('forgets links that ended long ago and keeps their counts', () => {
  const check = broadcastCheck();
  const [a, b, c] = [check.join(), check.join(), check.join()];
  send(check, a, 3);
  send(check, c, 2);
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

describe('with directed delivery', () => {
  const [ANN, BEN, CAT] = [1, 2, 3];

  /** Creates three members: one without users, one with Ann, one with Ben. */
  function directedCheck() {
    const check = new DeliveryCheck({ run: RUN, delivery: 'directed' });
    const [a, b, c] = [check.join(), check.join([ANN]), check.join([BEN])];
    const arrived = (receiver: Member, ...sequences: number[]): void => {
      for (const sequence of sequences) check.arrived(receiver, a.id, sequence);
    };
    return { check, a, b, c, arrived };
  }

  test('expects a user’s PDUs at the links of that user, and broadcasts at every other link', () => {
    const { check, a, b, c, arrived } = directedCheck();
    check.sending(a, [ANN, CAT]);
    expect(check.totals()).toEqual({ ...NOTHING, awaited: 1 });
    check.sending(a, [ANN, BEN]);
    check.sending(a, 'all');
    check.sending(b, [ANN]);
    expect(check.totals()).toEqual({ ...NOTHING, awaited: 5 });
    arrived(b, 1, 2, 3);
    arrived(c, 2, 3);
    expect(check.totals()).toEqual({ ...NOTHING, delivered: 5 });
  });

  test('allows one extra copy, but neither a second one nor an echo to the sender', () => {
    const { check, a, b, c, arrived } = directedCheck();
    check.sending(a, [ANN]);
    arrived(b, 1, 1);
    arrived(c, 1, 1);
    arrived(a, 1);
    const counts = { delivered: 1, besides: 1, doubled: 2, unexpected: 1 };
    expect(check.totals()).toEqual({ ...NOTHING, ...counts });
  });

  test('allows late PDUs until the sender’s first PDU for that user arrives', () => {
    const { check, a, b, arrived } = directedCheck();
    for (const to of [[ANN], [ANN], 'all'] as const) check.sending(a, to);
    arrived(b, 3);
    // Not lost: the sender's node may have learned only then that Ann is online. The third is due
    // at Ben's link too.
    expect(check.totals()).toMatchObject({ awaited: 2 + 1, lost: 0 });
    arrived(b, 1, 2);
    expect(check.totals()).toMatchObject({ delivered: 3, caughtUp: 2, outOfOrder: 0 });

    for (const to of [[ANN], [ANN], 'all'] as const) check.sending(a, to);
    arrived(b, 6);
    expect(check.totals()).toMatchObject({ lost: 2 });
    arrived(b, 4);
    expect(check.totals()).toMatchObject({ lost: 1, caughtUp: 2, outOfOrder: 1 });
  });

  test('allows late PDUs again after a user returns, but not broadcasts or other users’ PDUs', () => {
    const { check, a, b, arrived } = directedCheck();
    check.came(b, BEN);
    check.sending(a, [ANN]);
    check.sending(a, [BEN]);
    arrived(b, 1, 2);
    check.went(b, ANN);
    check.came(b, ANN);
    for (const to of [[ANN], [BEN], 'all', 'all'] as const) check.sending(a, to);
    arrived(b, 6, 3, 4, 5);
    expect(check.totals()).toMatchObject({ delivered: 6, caughtUp: 1, outOfOrder: 2 });
  });

  test('allows PDUs to be missing when their user leaves before delivery', () => {
    const { check, a, b, arrived } = directedCheck();
    check.sending(a, [ANN]);
    check.sending(a, [ANN]);
    check.went(b, ANN);
    expect(check.totals()).toEqual(NOTHING);
    arrived(b, 2);
    expect(check.totals()).toEqual({ ...NOTHING, besides: 1 });
    arrived(b, 2);
    expect(check.totals()).toMatchObject({ doubled: 1 });
  });

  test('expects PDUs for a user only when sent after the user came online', () => {
    const { check, a, b, arrived } = directedCheck();
    check.sending(a, [CAT]);
    check.came(b, CAT);
    check.came(b, CAT);
    check.sending(a, [CAT]);
    expect(check.totals()).toMatchObject({ awaited: 1 });
    arrived(b, 2, 1);
    expect(check.totals()).toEqual({ ...NOTHING, delivered: 1, besides: 1 });
  });

  test('expects PDUs for a login that the node read late only from then on', () => {
    const { check, a, b } = directedCheck();
    check.came(b, CAT);
    check.sending(a, [CAT]);
    check.cameUnseen(b, CAT);
    check.cameUnseen(b, BEN);
    expect(check.totals()).toEqual(NOTHING);
    check.sending(a, [CAT]);
    expect(check.totals()).toMatchObject({ awaited: 1 });
  });

  test('counts missing PDUs of a lost link as cut off', () => {
    const { check, a, b, arrived } = directedCheck();
    for (const to of [[ANN], 'all', 'all'] as const) check.sending(a, to);
    arrived(b, 3);
    check.leave(a, 0);
    expect(check.totals()).toMatchObject({ lost: 0, awaited: 0, cutOff: 2 + 2 });
  });
});
