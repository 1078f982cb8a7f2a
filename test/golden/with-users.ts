import { type Arrival, directedPdus, recipientsOf, type Trace } from '@route/golden-replay';
import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';

/**
 * Recorded traces that relay PDUs for users and do nothing else to these users. Their links list no
 * users, so under directed delivery they show only the absence of PDUs.
 */
export const UNPEOPLED: readonly string[] = [
  'relay_file_notify',
  'relay_kick_user',
  'relay_msg_data',
  'relay_p2p_cmd',
  'relay_read_notify',
  'relay_remove_session_notify',
];

/** Returns the users that the PDUs of a trace are addressed to. */
export function usersOf(trace: Trace): readonly number[] {
  return [...new Set(directedPdus(trace).flatMap((pdu) => recipientsOf(pdu) ?? []))];
}

/**
 * Adds a list of all addressed users at the start of the trace's first and last link. The original
 * behaves the same with it: an ONLINE_USER_INFO notifies no link.
 */
export function peopled(trace: Trace): Trace {
  const userStatList = usersOf(trace).map((userId) => ({
    userId,
    status: USER_STATUS.online,
    clientType: CLIENT_TYPE.windows,
  }));
  const bytes = encodeMessage('online_user_info', { userStatList });
  const steps: Trace['steps'][number][] = [];
  /** Maps the old index of a step to the new one. */
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
