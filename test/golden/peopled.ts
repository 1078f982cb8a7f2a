import { type Arrival, concernedUsers, directedPdus, type Trace } from '@route/golden-replay';
import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';

/**
 * The recorded traces in which PDUs that concern certain users are relayed, and nothing else happens to these
 * users. Their links list nobody, so that they show of directed delivery only what does not come.
 */
export const UNPEOPLED: readonly string[] = [
  'relay_file_notify',
  'relay_kick_user',
  'relay_msg_data',
  'relay_p2p_cmd',
  'relay_read_notify',
  'relay_remove_session_notify',
];

/** The users whom any PDU of a trace concerns. */
export function usersOf(trace: Trace): readonly number[] {
  return [...new Set(directedPdus(trace).flatMap((pdu) => concernedUsers(pdu) ?? []))];
}

/**
 * A trace whose first and last link begin with a list of all users whom its PDUs concern. What the original
 * does stays the same: an ONLINE_USER_INFO tells nobody anything.
 */
export function peopled(trace: Trace): Trace {
  const userStatList = usersOf(trace).map((userId) => ({
    userId,
    status: USER_STATUS.online,
    clientType: CLIENT_TYPE.windows,
  }));
  const bytes = encodeMessage('online_user_info', { userStatList });
  const steps: Trace['steps'][number][] = [];
  /** By the place of a step before, its place now. */
  const places: number[] = [];
  for (const step of trace.steps) {
    places.push(steps.length);
    steps.push(step);
    if (step.kind !== 'open') continue;
    if (step.link === trace.links[0] || step.link === trace.links.at(-1)) {
      steps.push({ kind: 'send', link: step.link, bytes, split: [] });
    }
  }
  const moved = (arrivals: readonly Arrival[]): Arrival[] =>
    arrivals.map(({ step, pdu }) => ({ step: places[step] ?? step, pdu }));
  const expect = Object.entries(trace.expect).map(([link, arrivals]) => [link, moved(arrivals)]);
  return { ...trace, steps, expect: Object.fromEntries(expect) };
}
