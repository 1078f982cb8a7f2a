import type { ClientStatus } from '@route/protocol';

/** A link's id, unique in the cluster for ever: its node's id, a dot, and a number. */
export type LinkId = string;

/** What all links together hold of a user: nothing, mobile clients alone, or at least one PC client. */
export type UserState = 'gone' | 'mobile-only' | 'pc';

/** What two parts of what is held of a user come to together. */
export function strongerState(a: UserState, b: UserState): UserState {
  return a === 'pc' || b === 'gone' ? a : b;
}

/** How many clients of each type. */
export interface ClientCounts {
  readonly windows: number;
  readonly mac: number;
  readonly ios: number;
  readonly android: number;
  /** Types that the nodes' settings add, by their number as in '0x13'; absent where there are none. */
  readonly others?: Readonly<Record<string, number>>;
}

/** What one link holds of a user. */
export interface UserConnection {
  readonly link: LinkId;
  readonly clients: ClientCounts;
  /** How many of them are away: only the link's own node knows; undefined elsewhere. */
  readonly away: ClientCounts | undefined;
}

/** Where a user is. */
export interface UserConnections {
  readonly userId: number;
  readonly state: UserState;
  readonly connections: readonly UserConnection[];
}

/** What links hold, counted. */
export interface PresenceStats {
  /** Users; one who is on two links counts twice. */
  readonly users: number;
  /** Of these, those who have a PC client on the link. */
  readonly pcUsers: number;
  readonly clients: ClientCounts;
  readonly away: ClientCounts;
}

/**
 * What became of a status update.
 * - committed: it stands in presence. `state` is what holds of the user right after it; `version`
 *   grows with every commit that concerns the same user, whichever node made it.
 * - later: presence cannot be reached; the update is kept and {@link PresenceEvents.lateCommit} tells
 *   when it stands.
 * - aside: the link is kept aside ({@link Presence.setStandby}); nothing changed for anybody.
 */
export type UpdateOutcome =
  | { readonly kind: 'committed'; readonly state: UserState; readonly version: number }
  | { readonly kind: 'later' }
  | { readonly kind: 'aside' };

/** Who waits for an update; an object and not a closure, so that an update costs no allocation here. */
export interface UpdateWaiter {
  updated(update: ClientStatus, outcome: UpdateOutcome): void;
}

/** Who waits for a status query: `online[i]` is 1 where the i-th id asked has a PC client anywhere. */
export interface QueryWaiter {
  answered(online: Uint8Array): void;
}

/** An update that was answered 'later' and stands now. */
export interface LateCommit {
  readonly update: ClientStatus;
  readonly state: UserState;
  readonly version: number;
  /** The highest version that the node knew when the update was reported. */
  readonly since: number;
}

/** What presence tells without being asked. */
export interface PresenceEvents {
  /** An update that was answered 'later' stands now. Only the last one of a client is told. */
  lateCommit(late: LateCommit): void;

  /**
   * A user whom a link's end took away was told to be offline, as of `toldVersion`, and has a PC client
   * again, which `update` stands for: his link is back, and lists him without a word to anybody.
   */
  back(update: ClientStatus, toldVersion: number, version: number): void;
}

/**
 * How the end of a link is treated.
 * - release: what it held is taken out now.
 * - linger: its msg_server was asked to connect again and will report the same on another link; what this one
 *   held counts on for the time of a lease, and is taken out then. Where its node leaves before, it is taken
 *   out with the node's lease.
 */
export type LinkEnd = 'release' | 'linger';

/**
 * What a status notification has said of a user: a PC client is there; none is, as was reported; or none is, as the
 * user was lost with a link and the grace is over.
 */
export type Announced = 'there' | 'gone' | 'grace-over';

/** Which client of a user may be confirmed: a PC client alone, or where there is none a mobile one. */
export type ConfirmWhich = 'pc' | 'any';

/**
 * Who is online, on which link, with which client types, how many of each. One engine serves the
 * links of one node and shares its knowledge with the engines of all others.
 *
 * What one link says and asks about a user takes effect in the order in which it did so, and a query
 * sees all that its own link has reported before it. Answers about different users may overtake each
 * other. Nothing here throws for what a peer sends: a change for a link that is not open is a
 * programming error and does.
 */
export interface Presence {
  /** Starts a link that holds nobody. Kept aside, it reports without effect until it is promoted. */
  openLink(link: LinkId, options: { readonly aside: boolean }): void;

  /**
   * Adds the clients that a link lists in its online snapshot, and tells nobody.
   * (Protocol: a second snapshot adds to the first.)
   */
  addClients(link: LinkId, clients: readonly ClientStatus[]): void;

  /** Changes one client of a user on a link; the waiter learns what the user's state is then. */
  update(link: LinkId, update: ClientStatus, waiter: UpdateWaiter): void;

  /** A status notification was passed on to the links. A user who was announced offline no longer waits for it. */
  announced(userId: number, said: Announced, version: number): void;

  /** Whether a user was announced offline last, by any node, because the grace is over, at this version or later. */
  isGraceOver(userId: number, since: number): boolean;

  /**
   * A user was announced offline. Sets again a client of the user that one of this
   * node's links holds, as if it had been reported anew; the waiter learns what the user's state is then, once it
   * stands, however long that takes; it is never answered 'later'. Nothing is set where no link holds such a client.
   */
  confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void;

  /** Asks which of the users have a PC client anywhere (protocol: what a status query reports). */
  query(link: LinkId, userIds: readonly number[], waiter: QueryWaiter): void;

  /** Takes what a link holds out of presence but keeps it for later, or puts it back at once. */
  setStandby(link: LinkId, aside: boolean): void;

  /** Ends a link; exactly what it had added is taken away. */
  closeLink(link: LinkId, end: LinkEnd): void;

  /**
   * A notification with this version was heard: those of later commits must be above it.
   * @returns whether a node can have made it.
   */
  versionSeen(version: number): boolean;

  /** Sets again all that this node's links hold, replacing what presence remembers of them. */
  resync(): void;

  /** Links that have ended and count on. */
  readonly lingeringLinks: number;

  /** Users held by the open links of this node; one who is on two links counts twice. */
  readonly heldUsers: number;

  /** Users held by one link, kept aside or not; 0 for one that is not open. */
  heldBy(link: LinkId): number;

  /** Counts what this node's links hold in one shard, 0 to SHARD_COUNT - 1. COST: the shard's users. */
  stats(shard: number): PresenceStats;

  /**
   * Where users are, on all nodes, in the order asked.
   * @throws the client's error when Redis does not answer.
   */
  userConnections(userIds: readonly number[]): Promise<readonly UserConnections[]>;
}
