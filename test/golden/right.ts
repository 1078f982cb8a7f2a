import type { Arrival, Trace } from '@route/golden-replay';
import { encodeMessage, USER_STATUS, type UserStatus } from '@route/protocol';

/** What a link receives after one step, where the original is wrong. */
interface Correction {
  readonly links: readonly string[];
  readonly step: number;
  readonly original: readonly Buffer[];
  readonly right: readonly Buffer[];
}

const LOGIN_ON = 1;
const LOGIN_OFF = 0;

function statusNotify(userId: number, status: UserStatus): Buffer {
  return encodeMessage('status_notify', { userStat: { userId, status } });
}

function loginNotify(userId: number, loginStatus: number): Buffer {
  return encodeMessage('login_status_notify', { userId, loginStatus });
}

function answer(asker: number, userId: number, status: UserStatus): Buffer {
  const userStatList = [{ userId, status }];
  const attachData = Buffer.alloc(0);
  return encodeMessage('users_status_response', { userId: asker, userStatList, attachData });
}

/** By trace of quirks/: what is right, each with its reason from the protocol's description. */
const CORRECTIONS: Readonly<Record<string, readonly Correction[]>> = {
  // What a link has added is what its end takes away: the PC client went with link A. What is left is
  // a phone alone: OFFLINE to a query, and no PC that would be told of a second phone.
  close_leaves_counts: [
    {
      links: ['B'],
      step: 7,
      original: [answer(4809, 4801, USER_STATUS.online)],
      right: [answer(4809, 4801, USER_STATUS.offline)],
    },
    { links: ['B'], step: 8, original: [loginNotify(4801, LOGIN_ON)], right: [] },
  ],
  // Going away changes no count: the one OFFLINE takes the one client, and the user is gone.
  leave_counts_again: [
    {
      links: ['A', 'B'],
      step: 8,
      original: [],
      right: [statusNotify(4901, USER_STATUS.offline)],
    },
    {
      links: ['B'],
      step: 9,
      original: [answer(4909, 4901, USER_STATUS.online)],
      right: [answer(4909, 4901, USER_STATUS.offline)],
    },
  ],
  // An OFFLINE for what the link has not reported changes nothing, and is notified by the same rules:
  // the other link's PC client is left, so nobody is told anything.
  offline_for_another_links_client: [
    {
      links: ['A', 'B'],
      step: 6,
      original: [loginNotify(5001, LOGIN_OFF), statusNotify(5001, USER_STATUS.offline)],
      right: [],
    },
    {
      links: ['A'],
      step: 7,
      original: [answer(5009, 5001, USER_STATUS.offline)],
      right: [answer(5009, 5001, USER_STATUS.online)],
    },
  ],
  // When both links have taken the user back, nobody holds it: STATUS_NOTIFY alone.
  user_known_without_clients: [
    {
      links: ['A', 'B'],
      step: 9,
      original: [loginNotify(4701, LOGIN_OFF), statusNotify(4701, USER_STATUS.offline)],
      right: [statusNotify(4701, USER_STATUS.offline)],
    },
  ],
};

/**
 * A trace of quirks/ with what is right in place of what the original did; all else stays.
 * @throws Error when nothing is known of the trace, or it does not have what is to be replaced.
 */
export function corrected(trace: Trace): Trace {
  const corrections = CORRECTIONS[trace.name];
  if (corrections === undefined) throw new Error(`nothing is said to be right for ${trace.name}`);
  const expect = { ...trace.expect };
  for (const correction of corrections) {
    for (const link of correction.links) expect[link] = replace(expect[link] ?? [], correction);
  }
  return { ...trace, expect };
}

function replace(arrivals: readonly Arrival[], correction: Correction): readonly Arrival[] {
  const { step, original, right } = correction;
  const recorded = arrivals.filter((arrival) => arrival.step === step).map(({ pdu }) => pdu);
  if (!Buffer.concat(recorded).equals(Buffer.concat(original))) {
    throw new Error(`step ${step} of the trace is not what is to be corrected`);
  }
  return [
    ...arrivals.filter((arrival) => arrival.step < step),
    ...right.map((pdu) => ({ step, pdu })),
    ...arrivals.filter((arrival) => arrival.step > step),
  ];
}
