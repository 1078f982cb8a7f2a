import { setTimeout as delay } from 'node:timers/promises';
import { COMMANDS, encodeMessage, MSG_TYPE } from '@route/protocol';
import type { ReceivedPdu, TestLink } from '../harness/index.ts';

const LEAST_TEXT_BYTES = 8;
const DEFAULT_TEXT_BYTES = 100;
const STEP_MS = 4;

/**
 * A message with its sender and number in its last 8 bytes, which are recognised without a decoder
 * even at tens of thousands per second.
 */
export function numberedPdu(sender: number, n: number, textBytes = DEFAULT_TEXT_BYTES): Buffer {
  const msgData = Buffer.alloc(Math.max(textBytes, LEAST_TEXT_BYTES), 'x');
  msgData.writeUInt32BE(sender, msgData.length - 8);
  msgData.writeUInt32BE(n, msgData.length - 4);
  return encodeMessage('msg_data', {
    fromUserId: sender,
    toSessionId: 1,
    msgId: n + 1,
    createTime: 0,
    msgType: MSG_TYPE.singleText,
    msgData,
  });
}

/** All complete messages that a link has received so far, in order. */
export function messagesOn(link: TestLink): Buffer[] {
  return link.received
    .filter(({ commandId }) => commandId === COMMANDS.msg_data.commandId)
    .map(({ bytes }) => bytes);
}

/** The work of a paced sender: numbers from `first` on, count and rate per second. */
export interface Pace {
  readonly sender: number;
  readonly first?: number;
  readonly count: number;
  readonly perSecond: number;
  /** Length of each message's text; default 100. */
  readonly textBytes?: number;
}

/** Sends numbered messages at a steady rate without waiting for delivery (open loop). */
export async function sendPaced(link: TestLink, pace: Pace): Promise<void> {
  const { sender, first = 0, count, perSecond, textBytes } = pace;
  const begunMs = performance.now();
  for (let sent = 0; sent < count; ) {
    const elapsedMs = performance.now() - begunMs;
    const due = Math.min(count, Math.floor((elapsedMs / 1000) * perSecond));
    const pdus: Buffer[] = [];
    for (; sent < due; sent++) pdus.push(numberedPdu(sender, first + sent, textBytes));
    if (pdus.length > 0) link.send(...pdus);
    await delay(STEP_MS);
  }
}

/** Checks that numbered messages reach a link complete, once, and in order per sender. */
export class OrderCheck {
  readonly #link: TestLink;
  readonly #next = new Map<number, number>();
  readonly #problems: string[] = [];
  #count = 0;

  constructor(link: TestLink) {
    this.#link = link;
  }

  /** Number of messages received. */
  get count(): number {
    this.#take();
    return this.#count;
  }

  /** The first few errors; empty without any. */
  get problems(): readonly string[] {
    this.#take();
    return this.#problems;
  }

  /** Removes the messages from the link, so that memory stays bounded in a long run. */
  #take(): void {
    for (const pdu of this.#link.received.splice(0)) this.#check(pdu);
  }

  #check({ commandId, bytes }: ReceivedPdu): void {
    if (commandId !== COMMANDS.msg_data.commandId) return;
    this.#count++;
    const sender = bytes.readUInt32BE(bytes.length - 8);
    const n = bytes.readUInt32BE(bytes.length - 4);
    const expected = this.#next.get(sender) ?? 0;
    this.#next.set(sender, n + 1);
    if (n === expected || this.#problems.length >= 10) return;
    this.#problems.push(
      `link ${this.#link.address}: ${n} of sender ${sender} after ${expected - 1}`,
    );
  }
}
