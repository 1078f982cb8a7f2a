import { UserTable } from '@route/presence';
import { COMMANDS, MSG_TYPE } from '@route/protocol';
import type { Latencies } from '../load/stamps.ts';
import { MessageHead } from './message-head.ts';
import { STAMP_BYTES } from './message-pdu.ts';
import type { PduTaker } from './pdu-walk.ts';
import { GROUPS_PER_CYCLE, type Traffic } from './traffic.ts';

const COMMAND_ID_OFFSET = 10;
const { commandId: MSG_DATA } = COMMANDS.msg_data;

/** Receive counts of one msg_server. */
export interface ArrivalCounts {
  /** Messages to its users, by the sender's msg_server. */
  readonly singlesFrom: readonly number[];
  /** Messages to groups, likewise. */
  readonly groupsFrom: readonly number[];
  /** Messages that did not follow their predecessor from the same msg_server. */
  readonly outOfOrder: number;
}

/**
 * The part of a msg_server's work that concerns routing: it separates messages from other PDUs,
 * reads the recipient, and looks up whether that user is local. It counts messages to its users, so
 * that loss, repeats and reordering are detected.
 */
export class Arrivals implements PduTaker {
  /** Messages received, for any recipient. */
  deliveries = 0;
  /** Messages to this msg_server's users. */
  singles = 0;
  /** Messages to groups. */
  groups = 0;
  readonly #traffic: Traffic;
  readonly #users = new UserTable();
  readonly #head = new MessageHead();
  readonly #singlesFrom: Float64Array;
  readonly #groupsFrom: Float64Array;
  /** The last ordinals, and the ordinal after which they restart. */
  readonly #lastSingle: Float64Array;
  readonly #lastGroup: Float64Array;
  readonly #perCycle: Float64Array;
  #outOfOrder = 0;
  #latencies: Latencies | undefined;
  #nowUs = 0;

  constructor(server: number, traffic: Traffic) {
    const { servers } = traffic.plan;
    this.#traffic = traffic;
    for (const userId of traffic.usersOf(server)) this.#users.set(userId, 1);
    this.#singlesFrom = new Float64Array(servers);
    this.#groupsFrom = new Float64Array(servers);
    this.#lastSingle = new Float64Array(servers);
    this.#lastGroup = new Float64Array(servers);
    this.#perCycle = Float64Array.from({ length: servers }, (_, from) =>
      traffic.sends(from) ? traffic.singlesPerCycle(from, server) : 0,
    );
  }

  get counts(): ArrivalCounts {
    return {
      singlesFrom: [...this.#singlesFrom],
      groupsFrom: [...this.#groupsFrom],
      outOfOrder: this.#outOfOrder,
    };
  }

  /** Sets the read time of the next messages, which are stamped. */
  readAt(nowUs: number, latencies: Latencies): void {
    this.#nowUs = nowUs;
    this.#latencies = latencies;
  }

  pdu(bytes: Buffer, start: number, end: number): void {
    if (bytes.readUInt16BE(start + COMMAND_ID_OFFSET) !== MSG_DATA) return;
    this.deliveries++;
    const head = this.#head;
    head.read(bytes, start, end);
    if (head.msgType === MSG_TYPE.groupText) this.#group();
    else if (this.#users.get(head.toSession) !== 0) this.#single(bytes, end);
  }

  #group(): void {
    this.groups++;
    const { fromUser, msgId } = this.#head;
    const from = this.#traffic.serverOf(fromUser);
    if (msgId !== ((this.#lastGroup[from] ?? 0) % GROUPS_PER_CYCLE) + 1) this.#outOfOrder++;
    this.#lastGroup[from] = msgId;
    this.#groupsFrom[from] = (this.#groupsFrom[from] ?? 0) + 1;
  }

  #single(bytes: Buffer, end: number): void {
    this.singles++;
    const { fromUser, msgId } = this.#head;
    const from = this.#traffic.serverOf(fromUser);
    if (msgId !== ((this.#lastSingle[from] ?? 0) % (this.#perCycle[from] ?? 0)) + 1) {
      this.#outOfOrder++;
    }
    this.#lastSingle[from] = msgId;
    this.#singlesFrom[from] = (this.#singlesFrom[from] ?? 0) + 1;
    this.#latencies?.record(this.#nowUs - bytes.readDoubleBE(end - STAMP_BYTES));
  }
}
