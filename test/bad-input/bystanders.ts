import { waitFor } from '@route/fixtures';
import { HEARTBEAT_PDU } from '@route/protocol';
import { expect } from 'vitest';
import {
  type LinkTarget,
  messagePdu,
  openLink,
  type ReceivedPdu,
  type TestLink,
} from '../harness/index.ts';

const PUMP_MS = 5;
/** The sender of the bystanders' messages; no other test's bytes have it. */
const BYSTANDER = 4_000_000_001;
const OWN_BODY = messagePdu(BYSTANDER, 0).subarray(16, 22);

/** Whether a PDU is one of the bystanders' messages. */
export function isBystanders({ body }: ReceivedPdu): boolean {
  return body.subarray(0, OWN_BODY.length).equals(OWN_BODY);
}

/** Two well-behaved links with constant traffic, which other links must not affect. */
export class Bystanders implements AsyncDisposable {
  readonly #sender: TestLink;
  readonly #receiver: TestLink;
  readonly #pump: NodeJS.Timeout;
  #sent = 0;

  private constructor(sender: TestLink, receiver: TestLink) {
    this.#sender = sender;
    this.#receiver = receiver;
    this.#pump = setInterval(() => {
      this.#sender.msgData(BYSTANDER, ++this.#sent);
      // Both are heard of, so neither times out.
      this.#receiver.send(HEARTBEAT_PDU);
    }, PUMP_MS);
  }

  static async between(from: LinkTarget, to: LinkTarget): Promise<Bystanders> {
    const sender = await openLink(from);
    const receiver = await openLink(to);
    await receiver.known();
    return new Bystanders(sender, receiver);
  }

  /** Expects that every message so far, and one more, has come once, in order and byte for byte. */
  async expectUntouched(): Promise<void> {
    const last = ++this.#sent;
    this.#sender.msgData(BYSTANDER, last);
    const heard = await waitFor(
      () => {
        const own = this.#receiver.received.filter(isBystanders);
        return own.length >= last && own.slice(0, last);
      },
      { what: `${last} messages between bystanders`, deadlineMs: 10_000 },
    );
    for (const [index, { bytes }] of heard.entries()) {
      expect(bytes.toString('hex')).toBe(messagePdu(BYSTANDER, index + 1).toString('hex'));
    }
    expect(this.#sender.serverClose).toBeUndefined();
    expect(this.#receiver.serverClose).toBeUndefined();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pump);
    await this.#sender[Symbol.asyncDispose]();
    await this.#receiver[Symbol.asyncDispose]();
  }
}
