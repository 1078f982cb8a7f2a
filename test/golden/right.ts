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

/** Corrections by trace of quirks/, each with its reason from the protocol's description. */
const CORRECTIONS: Readonly<Record<string, readonly Correction[]>> = {
  // A link's end removes what the link has added: the PC client ended with link A. Only a phone is
  // left: OFFLINE to a query, and no PC to notify of a second phone.
  close_leaves_counts: [
    {
      links: ['B'],
      step: 7,
      original: [answer(4809, 4801, USER_STATUS.online)],
      right: [answer(4809, 4801, USER_STATUS.offline)],
    },
    { links: ['B'], step: 8, original: [loginNotify(4801, LOGIN_ON)], right: [] },
  ],
  // Going away changes no count: the one OFFLINE removes the one client, and the user with it.
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
  // An OFFLINE for a client that the link has not reported changes nothing, and is notified by the
  // same rules: the other link's PC client is left, so no link is notified.
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
  // After both links have removed the user, no link has it: STATUS_NOTIFY alone.
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
 * Replaces the original's wrong replies in a trace of quirks/ with the corrections.
 * @throws Error when the trace has no corrections, or lacks the reply to replace.
 */
export function corrected(trace: Trace): Trace {
  const corrections = CORRECTIONS[trace.name];
  if (corrections === undefined) throw new Error(`no corrections for trace ${trace.name}`);
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
    throw new Error(`step ${step} of the trace is not the one to correct`);
  }
  return [
    ...arrivals.filter((arrival) => arrival.step < step),
    ...right.map((pdu) => ({ step, pdu })),
    ...arrivals.filter((arrival) => arrival.step > step),
  ];
}
