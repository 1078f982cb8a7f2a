import { UserTable } from '@route/presence';
import { COMMANDS, MSG_TYPE } from '@route/protocol';
import type { Latencies } from '../load/stamps.ts';
import { MessageHead } from './message-head.ts';
import { STAMP_BYTES } from './message-pdu.ts';
import type { PduTaker } from './pdu-walk.ts';
import { GROUPS_PER_CYCLE, type Traffic } from './traffic.ts';

const COMMAND_ID_OFFSET = 10;
const { commandId: MSG_DATA } = COMMANDS.msg_data;

/** What one msg_server has got. */
export interface ArrivalCounts {
  /** Messages to its users, by the msg_server of the user who sent them. */
  readonly singlesFrom: readonly number[];
  /** Messages to groups, in the same way. */
  readonly groupsFrom: readonly number[];
  /** Messages that did not follow the one before them from the same msg_server. */
  readonly outOfOrder: number;
}

/**
 * What a msg_server does with what it is sent, as far as it has to do with routing: it tells messages from other
 * PDUs, reads whom they are for, and looks up whether that user is one of its own. What is for its users it counts,
 * so that one that is lost, comes twice or too early is found out.
 */
export class Arrivals implements PduTaker {
  /** Messages that came, whoever they were for. */
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
  /** The ordinals of the last ones, and after which one they begin anew. */
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

  /** What comes from here on was read at that time, and is stamped. */
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
