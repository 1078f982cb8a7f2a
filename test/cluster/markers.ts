import { waitFor } from '@route/fixtures';
import { encodeMessage, type HeaderChoice, MSG_TYPE } from '@route/protocol';
import type { ReceivedPdu, TestLink } from '../harness/index.ts';

/** PDUs of this number and above are markers. */
const FIRST_MARKER = 0x8000;

/**
 * The header of a link's PDU. Relaying keeps it, so that it identifies the PDU whatever its body.
 */
export function headerOf(link: number, seqNum: number): HeaderChoice {
  return { reserved: link + 1, seqNum };
}

/** Sender and number of a PDU; undefined for a marker and for a PDU of the node itself. */
export function readHeaderOf({
  reserved,
  seqNum,
}: ReceivedPdu): { link: number; n: number } | undefined {
  return reserved === 0 || seqNum >= FIRST_MARKER ? undefined : { link: reserved - 1, n: seqNum };
}

/** Marks positions in the streams of links with broadcast PDUs. */
export class Markers {
  #next = FIRST_MARKER;

  /** Sends a marker on each link behind all its PDUs, and waits for those of all others. */
  async pass(links: readonly TestLink[]): Promise<void> {
    const seqNum = this.#next++;
    const message = { fromUserId: 1, toSessionId: 1, msgId: 1, createTime: 0 };
    const fields = { ...message, msgType: MSG_TYPE.groupText, msgData: Buffer.from('marker') };
    for (const [index, link] of links.entries()) {
      // The node has read everything before it.
      await link.known();
      link.send(encodeMessage('msg_data', fields, headerOf(index, seqNum)));
    }
    for (const link of links) {
      await waitFor(
        () => {
          const count = link.received.filter((pdu) => pdu.seqNum === seqNum).length;
          return (
            count >= links.length - 1 || Promise.reject(new Error(`${count} PDUs have arrived`))
          );
        },
        { what: `the last PDUs of the others on link ${link.address}`, deadlineMs: 20_000 },
      );
    }
  }
}
