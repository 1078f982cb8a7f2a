import { isOfKind } from '../harness/worker-process.ts';
import type { Mailboxes } from './expected-deliveries.ts';
import type { Target } from './traffic-link.ts';

/** A link of a load: its number is also that of its sender, unique across processes. */
export interface LoadLink {
  readonly id: number;
  readonly host: Target['host'];
  readonly port: Target['port'];
}

/** A request to a load process; each is answered with one {@link LoadAnswer}. */
export type LoadRequest =
  /** Opens links. Sending starts once those of all processes are open. */
  | {
      readonly kind: 'open';
      readonly links: readonly LoadLink[];
      readonly senders: number;
      /** Each link lists the mailbox at its number. */
      readonly mailboxes: Mailboxes;
      /** PDUs up to this number may be late. */
      readonly lateUpTo: number;
    }
  /** Sends `count` PDUs on each of these links, as fast as the nodes read them. */
  | {
      readonly kind: 'flood';
      readonly ids: readonly number[];
      /** The number of the first. */
      readonly first: number;
      readonly count: number;
      readonly pduBytes: number;
    }
  /** Reports what has been received, after each sender has written `written`. */
  | { readonly kind: 'report'; readonly written: readonly number[] };

/** Receive counts of the links of one process, or of several. */
export interface LoadReport {
  readonly openLinks: number;
  readonly delivered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  readonly unexpected: number;
}

export type LoadAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'report'; readonly report: LoadReport };

const REQUESTS = ['open', 'flood', 'report'] satisfies LoadRequest['kind'][];
const ANSWERS = ['done', 'report'] satisfies LoadAnswer['kind'][];

export function isLoadRequest(message: unknown): message is LoadRequest {
  return isOfKind(message, REQUESTS);
}

export function isLoadAnswer(message: unknown): message is LoadAnswer {
  return isOfKind(message, ANSWERS);
}
