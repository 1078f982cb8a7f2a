import { waitFor } from '@route/fixtures';
import { encodeMessage, type HeaderChoice, MSG_TYPE } from '@route/protocol';
import type { ReceivedPdu, TestLink } from '../harness/index.ts';

/** PDUs of this number and above are markers. */
const FIRST_MARKER = 0x8000;

/** The header of a link's PDU: what is relayed keeps it, so that the PDU is known by it whatever its body. */
export function headerOf(link: number, seqNum: number): HeaderChoice {
  return { reserved: link + 1, seqNum };
}

/** Whose PDU it is, and its number; undefined for a marker and for what a node tells of its own accord. */
export function readHeaderOf({
  reserved,
  seqNum,
}: ReceivedPdu): { link: number; n: number } | undefined {
  return reserved === 0 || seqNum >= FIRST_MARKER ? undefined : { link: reserved - 1, n: seqNum };
}

/** Marks places in what links send with PDUs for everybody. */
export class Markers {
  #next = FIRST_MARKER;

  /** Each link sends a marker behind all that it has sent, and gets those of all others. */
  async pass(links: readonly TestLink[]): Promise<void> {
    const seqNum = this.#next++;
    const message = { fromUserId: 1, toSessionId: 1, msgId: 1, createTime: 0 };
    const fields = { ...message, msgType: MSG_TYPE.groupText, msgData: Buffer.from('marker') };
    for (const [index, link] of links.entries()) {
      // It has told its node everything before.
      await link.known();
      link.send(encodeMessage('msg_data', fields, headerOf(index, seqNum)));
    }
    for (const link of links) {
      await waitFor(
        () => {
          const count = link.received.filter((pdu) => pdu.seqNum === seqNum).length;
          return count >= links.length - 1 || Promise.reject(new Error(`${count} have come`));
        },
        { what: `what the others sent last, on link ${link.address}`, deadlineMs: 20_000 },
      );
    }
  }
}
