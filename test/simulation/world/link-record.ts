import { decodeMessage, USER_STATUS } from '@route/protocol';
import type { Member } from './member.ts';
import type { MsgServer } from './msg-server.ts';
import type { Connection } from './sockets.ts';

/**
 * Receivers of a PDU: all other links, all links with the sender, or the links of certain users.
 */
export type Aim = 'others' | 'all' | 'users';

/** A PDU that a msg_server has sent to be relayed. */
export interface Sent {
  readonly pdu: Buffer;
  readonly aim: Aim;
  readonly users: readonly number[];
  readonly isKick: boolean;
  /** When the node of its link had read it; undefined before. */
  readAt: number | undefined;
}

/** A period in which a link has a user, as its node has read. */
export interface Hold {
  readonly userId: number;
  from: number | undefined;
  /** When the user left the msg_server; undefined before. */
  droppedAt: number | undefined;
}

/**
 * Status update of a PC client: each link must get its notification before PDUs relayed behind it.
 */
export interface Update {
  readonly userId: number;
  readonly at: number;
  /** Number of the PDU that was relayed behind it. */
  readonly before: number;
}

/** What a link that its msg_server broke must get before its end. */
export interface Parting {
  readonly at: number;
  /** User of its last status update. */
  readonly userId: number | undefined;
  /** Number of a PDU that returns to it. */
  readonly echo: number;
}

/** One link of a msg_server, and everything sent over it. */
export class LinkRecord {
  readonly no: number;
  readonly server: MsgServer;
  readonly member: Member;
  readonly connection: Connection;
  /** By sequence number, from 1. */
  readonly sent: (Sent | undefined)[] = [undefined];
  readonly holds: Hold[] = [];
  /** PDUs that arrived from each other link, by its number. */
  readonly got = new Map<number, Set<number>>();
  /** Highest sequence number from each other link. */
  readonly last = new Map<number, number>();
  id: string | undefined;
  openedAt: number | undefined;
  /** When either side began to close it, whichever was seen first. */
  closedAt: number | undefined;
  closeReason: string | undefined;
  /** Answers to status queries, by query number: which users are online. */
  readonly answers = new Map<number, ReadonlyMap<number, boolean>>();
  /** Numbers of the status queries sent on it. */
  readonly asked = new Set<number>();
  readonly marks: { readonly offset: number; readonly reached: (at: number) => void }[] = [];
  writtenBytes = 0;
  /** Updates of PC clients that were sent on it. */
  readonly updates: Update[] = [];
  /** Time of the last status notification of a user. */
  readonly notifiedAt = new Map<number, number>();
  /**
   * Its msg_server has sent nonsense: answers to what it sent before must arrive, then the link
   * closes.
   */
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

  /** Records the answer to a status query. */
  answered(pdu: Buffer): void {
    const answer = decodeMessage(pdu);
    if (answer?.command !== 'users_status_response') throw new Error('an answer does not parse');
    const online = answer.fields.userStatList.map(
      ({ userId, status }) => [userId, status === USER_STATUS.online] as const,
    );
    this.answers.set(answer.header.seqNum, new Map(online));
  }

  /** Records the status notification of a user. */
  notified(pdu: Buffer, at: number): void {
    const notice = decodeMessage(pdu);
    if (notice?.command !== 'status_notify') throw new Error('a notification does not parse');
    this.notifiedAt.set(notice.fields.userStat.userId, at);
  }

  /** Records that the node has been passed everything up to an offset. */
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
