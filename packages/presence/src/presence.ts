import type { ClientStatus } from '@route/protocol';

/** The id of a link, unique in the cluster for ever: the id of its node, a dot, and a number. */
export type LinkId = string;

/** The clients of a user on all links: none, mobile clients alone, or at least one PC client. */
export type UserState = 'gone' | 'mobile-only' | 'pc';

/** Combines the states of a user on two sets of links. */
export function strongerState(a: UserState, b: UserState): UserState {
  return a === 'pc' || b === 'gone' ? a : b;
}

export interface ClientCounts {
  readonly windows: number;
  readonly mac: number;
  readonly ios: number;
  readonly android: number;
  /** Types added by settings, keyed by number, as in '0x13'. Absent if there are none. */
  readonly others?: Readonly<Record<string, number>>;
}

export interface UserConnection {
  readonly link: LinkId;
  readonly clients: ClientCounts;
  /** How many of them are away. Known for links of this node only, otherwise undefined. */
  readonly away: ClientCounts | undefined;
}

export interface UserConnections {
  readonly userId: number;
  readonly state: UserState;
  readonly connections: readonly UserConnection[];
}

export interface PresenceStats {
  /** Users. A user on two links counts twice. */
  readonly users: number;
  /** How many of these have a PC client on the link. */
  readonly pcUsers: number;
  readonly clients: ClientCounts;
  readonly away: ClientCounts;
}

/**
 * The outcome of a status update.
 * - committed: `state` is the state of the user right after it. `version` grows with every commit
 *   for the same user, on whichever node.
 * - later: presence is unreachable. {@link PresenceEvents.lateCommit} will report the commit.
 * - standby: the link is on standby ({@link Presence.setStandby}). Presence did not change.
 */
export type UpdateOutcome =
  | { readonly kind: 'committed'; readonly state: UserState; readonly version: number }
  | { readonly kind: 'later' }
  | { readonly kind: 'standby' };

/** Receives the outcome of an update. Not a closure: that would be an allocation per update. */
export interface UpdateWaiter {
  updated(update: ClientStatus, outcome: UpdateOutcome): void;
}

/** Receives the answer to a status query: `online[i]` is 1 if the i-th user has a PC client. */
export interface QueryWaiter {
  answered(online: Uint8Array): void;
}

/** An update that was answered 'later' and is now committed. */
export interface LateCommit {
  readonly update: ClientStatus;
  readonly state: UserState;
  readonly version: number;
  /** Whether the link had the client of an OFFLINE. False if it had never reported the client. */
  readonly hadClient: boolean;
}

/** Events of presence that answer no call. */
export interface PresenceEvents {
  /** An update answered 'later' is committed. Only the last update of each client is reported. */
  lateCommit(late: LateCommit): void;

  /**
   * A user announced offline at `toldVersion`, after the end of a link, has the PC client `update`
   * again, by a snapshot, which announces nothing.
   */
  back(update: ClientStatus, toldVersion: number, version: number): void;
}

/**
 * What happens to the users of a link that ends.
 * - release: they are removed from presence now.
 * - linger: the msg_server was asked to report them on another link. They are removed after the
 *   length of a lease, or with the lease of the node if it leaves earlier.
 */
export type LinkEnd = 'release' | 'linger';

/**
 * A status notification: the user has a PC client ('there'), an update removed the last one
 * ('gone'), or it went with its link and the offline grace is over.
 */
export type Announced = 'there' | 'gone' | 'grace-over';

/** Which client may be confirmed: only a PC client, or else a mobile client. */
export type ConfirmWhich = 'pc' | 'any';

/**
 * Which users are online: on which link, with which client types, and how many of each. One engine
 * serves the links of one node and shares its state with the engines of all other nodes.
 *
 * The updates and queries of one link about one user take effect in the order of the calls. A query
 * sees everything that its own link has reported before it. Answers about different users may
 * overtake each other. No input from a peer makes a method throw. A call for a link that is not
 * open is a programming error and throws.
 */
export interface Presence {
  /** Opens a link without users. On standby, its reports have no effect until it is promoted. */
  openLink(link: LinkId, options: { readonly standby: boolean }): void;

  /** Adds the clients of a link's snapshot, also to those of an earlier one. Announces nothing. */
  addClients(link: LinkId, clients: readonly ClientStatus[]): void;

  /** Changes one client of a user on a link. The waiter receives the user's resulting state. */
  update(link: LinkId, update: ClientStatus, waiter: UpdateWaiter): void;

  /** A status notification was sent to the links. A user announced offline is no longer pending. */
  announced(userId: number, said: Announced, version: number): void;

  /** Whether the user's last announcement was offline after the grace. */
  isGraceOver(userId: number): boolean;

  /**
   * Commits a client of the user on one of this node's links again, if there is one, after the user
   * was announced offline. The waiter receives the user's state at the commit, however late.
   */
  confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void;

  /** Asks which of the users have a PC client on any link: the answer to a status query. */
  query(link: LinkId, userIds: readonly number[], waiter: QueryWaiter): void;

  /** Removes the users of a link from presence but keeps the ledger, or adds them again at once. */
  setStandby(link: LinkId, standby: boolean): void;

  /** Closes a link and removes exactly what it has added. */
  closeLink(link: LinkId, end: LinkEnd): void;

  /** Records a received version: later commits have higher ones. False if no node has made it. */
  versionSeen(version: number): boolean;

  /** Links that have ended and still count. */
  readonly lingeringLinks: number;

  /** Users on the open links of this node. A user on two links counts twice. */
  readonly userCount: number;

  /** Users on one link, on standby or not. 0 if the link is not open. */
  userCountOf(link: LinkId): number;

  /** Counts users and clients of this node's links in one shard. COST: the users of the shard. */
  stats(shard: number): PresenceStats;

  /** Returns the links and clients of users on all nodes. Rejects when Redis does not answer. */
  userConnections(userIds: readonly number[]): Promise<readonly UserConnections[]>;
}
