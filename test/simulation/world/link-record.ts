import { decodeMessage, USER_STATUS } from '@route/protocol';
import type { Member } from './member.ts';
import type { MsgServer } from './msg-server.ts';
import type { Connection } from './sockets.ts';

/** Who gets a PDU: all others, all with its sender, or the links of certain users. */
export type Aim = 'others' | 'all' | 'users';

/** A PDU that a msg_server has sent to be relayed. */
export interface Sent {
  readonly pdu: Buffer;
  readonly aim: Aim;
  readonly users: readonly number[];
  readonly isKick: boolean;
  /** When its link's node had read it; undefined while it has not. */
  readAt: number | undefined;
}

/** That a link holds a user: from when its node had read of it until it had read otherwise. */
export interface Hold {
  readonly userId: number;
  from: number | undefined;
  /** When the msg_server let go of the user; undefined while it has not. */
  droppedAt: number | undefined;
}

/** A PC client's status update: every link hears of it before it gets what was relayed behind it. */
export interface Update {
  readonly userId: number;
  readonly at: number;
  /** The number of the PDU that was relayed behind it. */
  readonly before: number;
}

/** What a link that its msg_server has broken is to get before its end. */
export interface Parting {
  readonly at: number;
  /** The user whose status it has told. */
  readonly userId: number | undefined;
  /** The number of a PDU that comes back to it. */
  readonly echo: number;
}

/** One link of a msg_server, and everything that went over it. */
export class LinkRecord {
  readonly no: number;
  readonly server: MsgServer;
  readonly member: Member;
  readonly connection: Connection;
  /** By their sequence numbers, from 1. */
  readonly sent: (Sent | undefined)[] = [undefined];
  readonly holds: Hold[] = [];
  /** What came of each other link, by its number. */
  readonly got = new Map<number, Set<number>>();
  /** The highest number that came of each other link. */
  readonly last = new Map<number, number>();
  id: string | undefined;
  openedAt: number | undefined;
  /** When either side began to end it, as the node or the msg_server saw it first. */
  closedAt: number | undefined;
  closeReason: string | undefined;
  /** Answers to status queries, by the number of the query: who is online. */
  readonly answers = new Map<number, ReadonlyMap<number, boolean>>();
  /** When it began and ceased to read slowly, which slows others for a while. */
  slow = false;
  /** The numbers of status queries that were sent on it. */
  readonly asked = new Set<number>();
  readonly marks: { readonly offset: number; readonly reached: (at: number) => void }[] = [];
  writtenBytes = 0;
  /** Updates of PC clients that were sent on it. */
  readonly updates: Update[] = [];
  /** When a status notification of a user came last. */
  readonly notifiedAt = new Map<number, number>();
  /** Its msg_server has sent nonsense: what came of this before it is to come back, then the link ends. */
  parting: Parting | undefined;

  constructor(options: { no: number; server: MsgServer; member: Member; connection: Connection }) {
    this.no = options.no;
    this.server = options.server;
    this.member = options.member;
    this.connection = options.connection;
  }

  get isOpen(): boolean {
    return this.openedAt !== undefined && this.closedAt === undefined;
  }

  /** An answer to a status query has come. */
  answered(pdu: Buffer): void {
    const answer = decodeMessage(pdu);
    if (answer?.command !== 'users_status_response') throw new Error('an answer does not parse');
    const online = answer.fields.userStatList.map(
      ({ userId, status }) => [userId, status === USER_STATUS.online] as const,
    );
    this.answers.set(answer.header.seqNum, new Map(online));
  }

  /** A user's status notification has come. */
  notified(pdu: Buffer, at: number): void {
    const notice = decodeMessage(pdu);
    if (notice?.command !== 'status_notify') throw new Error('a notification does not parse');
    this.notifiedAt.set(notice.fields.userStat.userId, at);
  }

  /** The node has been handed everything up to an offset. */
  handed(offset: number, at: number): void {
    for (
      let mark = this.marks[0];
      mark !== undefined && mark.offset <= offset;
      mark = this.marks[0]
    ) {
      this.marks.shift();
      mark.reached(at);
    }
  }
}
