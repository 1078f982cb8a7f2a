import { decodeMessage, isUserStatus, MSG_TYPE } from '@route/protocol';
import { LinkUsers } from './link-users.ts';
import type { Arrival, Step, Trace } from './trace.ts';

const HEADER_BYTES = 16;

/**
 * Returns the users that a PDU is addressed to; undefined for a broadcast or a body that does not
 * parse. Uses the codec of whole messages, independent of the nodes' own reader, so that one tests
 * the other.
 */
export function recipientsOf(pdu: Buffer): readonly number[] | undefined {
  const message = decodeMessage(pdu);
  switch (message?.command) {
    case 'msg_data': {
      const { fromUserId, toSessionId, msgType } = message.fields;
      const isSingle = msgType === MSG_TYPE.singleText || msgType === MSG_TYPE.singleAudio;
      return isSingle ? [fromUserId, toSessionId] : undefined;
    }
    case 'msg_read_notify':
    case 'server_kick_user':
    case 'remove_session_notify':
      return [message.fields.userId];
    case 'switch_p2p_cmd':
    case 'file_notify':
      return [message.fields.fromUserId, message.fields.toUserId];
    default:
      return undefined;
  }
}

/** The PDUs of a trace that are addressed to users. */
export function directedPdus(trace: Trace): Buffer[] {
  return trace.steps.flatMap(pdusOf).filter((pdu) => recipientsOf(pdu) !== undefined);
}

/**
 * Converts a trace to directed delivery (ROUTE_DELIVERY=directed): a link without any of the
 * addressed users, by what the trace has sent on it so far, receives no such PDU. All else stays as
 * with the original.
 * @throws Error when the original did not send a PDU to an open link.
 */
export function directed(trace: Trace): Trace {
  const links = new Map<string, LinkUsers>();
  const expect = new Map(trace.links.map((link) => [link, [...(trace.expect[link] ?? [])]]));
  for (const [index, step] of trace.steps.entries()) {
    if (step.kind === 'open') links.set(step.link, new LinkUsers());
    if (step.kind === 'close') links.delete(step.link);
    for (const pdu of pdusOf(step)) {
      const users = recipientsOf(pdu);
      for (const [link, online] of links) {
        if (step.kind === 'send' && link === step.link) report(online, pdu);
        else if (users !== undefined && !users.some((userId) => online.has(userId))) {
          remove(expect.get(link) ?? [], { step: index, pdu });
        }
      }
    }
    for (const link of links.keys()) if (trace.closedByServer[link] === index) links.delete(link);
  }
  return { ...trace, expect: Object.fromEntries(expect) };
}

/** Applies a PDU of the link to its users. */
function report(online: LinkUsers, pdu: Buffer): void {
  const message = decodeMessage(pdu);
  if (message?.command === 'online_user_info') {
    for (const entry of message.fields.userStatList) online.list(entry);
  } else if (message?.command === 'user_status_update') {
    const { userId, clientType, userStatus } = message.fields;
    if (isUserStatus(userStatus)) online.update({ userId, clientType, status: userStatus });
  }
}

function remove(arrivals: Arrival[], { step, pdu }: Arrival): void {
  const at = arrivals.findIndex((arrival) => arrival.step === step && arrival.pdu.equals(pdu));
  if (at < 0) throw new Error(`step ${step}: the original did not relay ${pdu.toString('hex')}`);
  arrivals.splice(at, 1);
}

/** Returns the complete PDUs that a step sends. */
function pdusOf(step: Step): Buffer[] {
  const pdus: Buffer[] = [];
  if (step.kind !== 'send') return pdus;
  const { bytes } = step;
  for (let start = 0; start + HEADER_BYTES <= bytes.length; ) {
    const end = start + bytes.readUInt32BE(start);
    if (end < start + HEADER_BYTES || end > bytes.length) break;
    pdus.push(bytes.subarray(start, end));
    start = end;
  }
  return pdus;
}
