import { Stream, type StreamEvents } from '../receiving/stream.ts';
import type { SilentNode } from '../wire/ack-frame.ts';

/** Bounds in milliseconds of time in which this node heard, in bytes, and in nodes. */
export interface PeerLimits {
  /** A node that was silent for longer is not awaited, even with a lease. */
  readonly leaveMs: number;
  /**
   * Retention for a node after it was last heard, or its lease has ended. Then it is forgotten. A
   * node whose links have had no room for anything for this long is not awaited either.
   */
  readonly retentionMs: number;
  /** A node that starts waits no longer than this to meet the others, or to find itself alone. */
  readonly joinMs: number;
  readonly maxReorderBytes: number;
  /**
   * The largest number of known nodes. Beyond it, those silent for longest without a lease are
   * forgotten.
   */
  readonly maxPeers: number;
}

/** Another node: how far it has got with this node's frames, and this node with its. */
export interface Peer {
  readonly node: string;
  /** Its frames, put in order. */
  readonly stream: Stream;
  /**
   * The last frame of this node before the peer could have links: it must receive all later ones.
   */
  readonly knownAt: number;
  /** The last frame of this node that is for it. */
  last: number;
  /** It has every frame of this node that is for it up to this one. */
  acked: number;
  /** Its links have had room for every frame of this node up to this one. */
  credited: number;
  /** Of its frames: the last that this node's links have had room for. */
  accepted: number;
  /**
   * Whether it has acknowledged anything, so that it knows where this node's frames begin for it.
   */
  hasBegun: boolean;
  /** Whether it hears what is published to it alone; believed until it says otherwise. */
  hearsOwn: boolean;
  /** The last of its heartbeats that was heard, and when, by the bus's clock. */
  heartbeat: number;
  heartbeatAt: number;
  /**
   * The last of this node's heartbeats that it had heard when it sent an ack up to which everything
   * of it is here.
   */
  confirmed: number;
  /** When that was learned, by the bus's clock. */
  confirmedAt: number;
  /** Whether it has a lease. */
  hasLease: boolean;
  hasLeft: boolean;
  /** When it was last heard; -Infinity for never. */
  heardAt: number;
  /** When it was heard for the first time, or again after it had been silent. */
  backAt: number;
  /**
   * When there was last evidence that it lives: it was heard, or had a lease after that. For a node
   * that was never heard, when it became known, or what another node told of it is from.
   */
  evidenceAt: number;
  /**
   * When its links last had room for something new, or it was sent something while it had
   * everything.
   */
  progressAt: number;
  /** Whether it has acknowledged since the last tick. */
  hasAcked: boolean;
}

/** What this node has sent when another one becomes known. */
export interface SentSoFar {
  /** No node that was unknown when it was sent can lack a frame up to this one: it had no links. */
  readonly completeTail: number;
  /** The last frame for all nodes. */
  readonly tailForAll: number;
}

/** Called when nodes become known or are gone. */
export interface Membership {
  known(node: string): void;
  gone(node: string): void;
}

/** How far the other nodes have got. */
export interface Progress {
  /**
   * All awaited nodes have everything up to `acked`; `kept` also covers nodes for which frames are
   * only retained.
   */
  readonly acked: number;
  readonly kept: number;
  /** All nodes with a lease have everything up to here, except those that were never heard. */
  readonly owed: number;
  /** All awaited nodes have had room for every frame up to here. */
  readonly credited: number;
  /** The number of awaited nodes. */
  readonly awaited: number;
  /** No other node is known that has not left: there is no node to send to. */
  readonly alone: boolean;
}

/** Places of forgotten streams that are remembered. */
const MAX_MARKS = 4096;

/** How far another node is behind, in frames. */
export interface PeerLag {
  readonly node: string;
  /** Frames of this node that the peer has not acknowledged. */
  readonly behind: number;
  /** Frames of this node that the peer's links have not had room for. */
  readonly uncredited: number;
  /** Whether frames of the peer are missing here. */
  readonly gap: boolean;
}

/** How far the frames that another node has sent are confirmed. */
export interface Confirmed {
  /** The last heartbeat of this node that the other had received when it confirmed. 0 for none. */
  readonly heartbeatSeq: number;
  /**
   * When this node learned that it has everything the other had sent by then, in ms of the bus's
   * clock.
   */
  readonly at: number;
}

/**
 * The other nodes, and which of them are awaited: those that have a lease, were heard recently, and
 * acknowledge. `now` is time in which this node was responsive: while it is not, the silence of
 * others has no meaning.
 */
export class Peers {
  readonly #limits: PeerLimits;
  readonly #eventsFor: (node: string) => StreamEvents;
  readonly #membership: Membership;
  readonly #peers = new Map<string, Peer>();
  /** Where forgotten nodes' streams were: one that was only stopped must not be heard twice. */
  readonly #marks = new Map<string, number>();
  /** Nodes with a lease, as last read; undefined before. */
  #leases: ReadonlySet<string> | undefined;

  constructor(
    limits: PeerLimits,
    eventsFor: (node: string) => StreamEvents,
    membership: Membership,
  ) {
    this.#limits = limits;
    this.#eventsFor = eventsFor;
    this.#membership = membership;
  }

  /** All that are not forgotten. */
  all(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** The only other node that has not left; undefined where there are several, or none. */
  get only(): Peer | undefined {
    let only: Peer | undefined;
    for (const peer of this.#peers.values()) {
      if (peer.hasLeft) continue;
      if (only !== undefined) return undefined;
      only = peer;
    }
    return only;
  }

  /** Whether a node was forgotten that may only stand still. */
  get haveForgotten(): boolean {
    return this.#marks.size > 0;
  }

  /** How a node is; undefined for one that is not known. */
  get(node: string): Peer | undefined {
    return this.#peers.get(node);
  }

  /** How far each other node that has not left is behind the last frame sent. */
  lags(tail: number): readonly PeerLag[] {
    return [...this.#peers.values()]
      .filter(({ hasLeft }) => !hasLeft)
      .map(({ node, acked, credited, stream }) => ({
        node,
        behind: tail - acked,
        uncredited: tail - credited,
        gap: stream.hasGap,
      }));
  }

  /** A node has sent its last frame. */
  leave(peer: Peer): void {
    if (peer.hasLeft) return;
    peer.hasLeft = true;
    this.#membership.gone(peer.node);
  }

  /** A node reported as left has not left: it must receive frames after `tail`. */
  revive(peer: Peer, tail: number): void {
    if (!peer.hasLeft) return;
    peer.hasLeft = false;
    peer.last = tail;
    this.#membership.known(peer.node);
  }

  /**
   * A node is heard. If it was unknown, it must receive frames after `completeTail`.
   * @returns undefined where no more nodes can be known.
   */
  heard(node: string, now: number, sent: SentSoFar): Peer | undefined {
    const peer = this.#peers.get(node) ?? this.#join(node, now, sent);
    if (peer === undefined) return undefined;
    if (now - peer.heardAt >= this.#limits.joinMs / 2) peer.backAt = now;
    peer.heardAt = now;
    peer.evidenceAt = now;
    return peer;
  }

  /**
   * Another node has reported these nodes. One unknown here may stand still, past its lease, and
   * have links: it must receive frames after `completeTail`, which are retained for as long as the
   * other node retains for it. A known node stays unchanged.
   */
  peersReported(nodes: Iterable<SilentNode>, now: number, sent: SentSoFar): void {
    for (const { node, silentMs } of nodes) {
      const isFresh = silentMs < this.#limits.retentionMs;
      if (isFresh && !this.#peers.has(node)) this.#join(node, now - silentMs, sent);
    }
  }

  /**
   * The report to a joining node: nodes that it may not hear soon, and the age of the last evidence
   * of each.
   */
  silent(now: number, afterMs: number, to: string): SilentNode[] {
    const silent: SilentNode[] = [];
    for (const { node, hasLeft, heardAt, evidenceAt } of this.#peers.values()) {
      if (hasLeft || node === to || now - heardAt < afterMs) continue;
      silent.push({ node, silentMs: now - evidenceAt });
    }
    return silent;
  }

  /**
   * Sets the nodes with a lease. One that was unknown, and had none at the last read, must receive
   * frames after `completeTail`. It is forgotten in time if it is never heard, whatever its lease.
   */
  setLeases(nodes: Iterable<string>, now: number, sent: SentSoFar): void {
    const before = this.#leases;
    const leases = new Set(nodes);
    this.#leases = leases;
    for (const node of leases) {
      if (before?.has(node) !== true && !this.#peers.has(node)) this.#join(node, now, sent);
    }
    for (const peer of this.#peers.values()) peer.hasLease = leases.has(peer.node);
  }

  /** Frames up to `tail` have been sent to a node, at least the last of them. */
  sentTo(peer: Peer, now: number, tail: number): void {
    if (peer.credited >= peer.last) peer.progressAt = now;
    peer.last = tail;
  }

  /**
   * A node acknowledges frames up to `got`, and that its links have had room for those up to
   * `taken`.
   */
  acked(peer: Peer, got: number, taken: number, now: number): void {
    peer.hasBegun = true;
    peer.hasAcked = true;
    if (taken > peer.credited) peer.progressAt = now;
    peer.acked = Math.max(peer.acked, got);
    peer.credited = Math.max(peer.credited, taken);
  }

  /** How far the others have got; `tail` where there are none. */
  progress(now: number, tail: number): Progress {
    let acked = tail;
    let kept = tail;
    let owed = tail;
    let credited = tail;
    let awaited = 0;
    // Before the leases have been read, others may live that have not been heard yet.
    let alone = this.#leases !== undefined;
    for (const peer of this.#peers.values()) {
      if (peer.hasLeft) continue;
      alone = false;
      // A node that has all frames for it lacks no frames for others.
      const itsGot = peer.acked < peer.last ? peer.acked : tail;
      if (this.#isAwaited(peer, now)) {
        awaited += 1;
        acked = Math.min(acked, itsGot);
        if (peer.credited < peer.last) credited = Math.min(credited, peer.credited);
      }
      if (now - peer.evidenceAt < this.#limits.retentionMs) kept = Math.min(kept, itsGot);
      if (peer.hasLease && peer.heardAt >= 0) owed = Math.min(owed, itsGot);
    }
    owed = Math.min(owed, acked);
    return { acked, kept: Math.min(kept, acked), owed, credited, awaited, alone };
  }

  /**
   * Whether every other node has said what it owes this one, which has heard for `now` ms since its
   * start: others may have to connect to Redis anew just then, and Redis may have forgotten them.
   */
  hasJoined(now: number): boolean {
    if (this.#leases === undefined) return false;
    if (now >= this.#limits.joinMs) return true;
    const others = [...this.#peers.values()].filter(({ hasLeft }) => !hasLeft);
    return others.length > 0 && others.every(({ stream }) => stream.next !== null);
  }

  /**
   * Ends the streams of nodes that are gone, and forgets nodes that have not been heard for long.
   */
  sweep(now: number): void {
    for (const peer of this.#peers.values()) {
      if (peer.hasLease && peer.heardAt >= 0) peer.evidenceAt = now;
      // A node that was stopped still has what is lacking here, for as long as it keeps anything:
      // only then frames wait behind a gap which no node will fill.
      const { retentionMs } = this.#limits;
      const isGone = peer.hasLeft || (!peer.hasLease && now - peer.heardAt >= retentionMs);
      if (isGone && peer.stream.hasGap) peer.stream.end();
      if (now - peer.evidenceAt >= retentionMs) this.#forget(peer);
    }
  }

  #isAwaited(peer: Peer, now: number): boolean {
    const { leaveMs, retentionMs } = this.#limits;
    if (this.#leases !== undefined && !peer.hasLease) return false;
    if (now - peer.heardAt >= leaveMs) return false;
    return peer.credited >= peer.last || now - peer.progressAt < retentionMs;
  }

  #join(node: string, evidenceAt: number, sent: SentSoFar): Peer | undefined {
    if (this.#peers.size >= this.#limits.maxPeers && !this.#evict()) return undefined;
    const next = this.#marks.get(node) ?? null;
    this.#marks.delete(node);
    const { completeTail, tailForAll } = sent;
    const peer: Peer = {
      node,
      stream: new Stream(next, this.#limits.maxReorderBytes, this.#eventsFor(node)),
      knownAt: completeTail,
      last: Math.max(completeTail, tailForAll),
      acked: completeTail,
      credited: completeTail,
      accepted: (next ?? 1) - 1,
      hasBegun: false,
      hearsOwn: true,
      heartbeat: 0,
      heartbeatAt: Number.NEGATIVE_INFINITY,
      confirmed: 0,
      confirmedAt: Number.NEGATIVE_INFINITY,
      hasLease: this.#leases?.has(node) ?? false,
      hasLeft: false,
      heardAt: Number.NEGATIVE_INFINITY,
      backAt: Number.NEGATIVE_INFINITY,
      evidenceAt,
      progressAt: evidenceAt,
      hasAcked: false,
    };
    this.#peers.set(node, peer);
    this.#membership.known(node);
    return peer;
  }

  /**
   * Forgets the node without a lease that has been silent for longest; false where all have one.
   */
  #evict(): boolean {
    let oldest: Peer | undefined;
    for (const peer of this.#peers.values()) {
      if (peer.hasLease) continue;
      if (oldest === undefined || peer.evidenceAt < oldest.evidenceAt) oldest = peer;
    }
    if (oldest !== undefined) this.#forget(oldest);
    return oldest !== undefined;
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer.node);
    if (!peer.hasLeft) this.#membership.gone(peer.node);
    if (peer.stream.next !== null) this.#marks.set(peer.node, peer.stream.next);
    // Oldest first: a Map keeps the order in which its keys came.
    for (const node of this.#marks.keys()) {
      if (this.#marks.size <= MAX_MARKS) return;
      this.#marks.delete(node);
    }
  }
}
