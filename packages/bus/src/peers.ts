import { Stream, type StreamEvents } from './stream.ts';

/** Bounds in milliseconds of time in which this node heard, and in bytes. */
export interface PeerLimits {
  /** A node without a lease that has been silent for so long is gone. */
  readonly leaveMs: number;
  /** A node that is heard is waited for so long before a lease must show for it. */
  readonly graceMs: number;
  /**
   * For so long after it was last waited for, what a node has not got is kept for it; and so long what
   * has not come of a node without a lease is waited for.
   */
  readonly keepMs: number;
  /** A node that starts waits for so long at the most to meet the others, or to find itself alone. */
  readonly meetMs: number;
  readonly maxParkedBytes: number;
}

/** Another node: how far it has got with this node's frames, and this node with its. */
export interface Peer {
  readonly node: string;
  /** Its frames, put in order. */
  readonly stream: Stream;
  /** The last frame of mine before it was known: it is owed what comes after. */
  readonly knownAt: number;
  /** The last frame of mine that is for it. */
  last: number;
  /** It has every frame of mine that is for it up to this one. */
  got: number;
  /** Its links have had room for every frame of mine up to this one. */
  taken: number;
  /** Of its frames: the last that my links have had room for. */
  accepted: number;
  /** Bytes of its frames that have come in since I last said how far I am. */
  unreported: number;
  /** Whether it hears what is published to it alone. */
  hearsOwn: boolean;
  /** The last of its announcements that I have heard. */
  word: number;
  /** The last of mine that it had heard when it sent something up to which I have got everything of it. */
  confirmed: number;
  /** When I learned that. */
  confirmedAt: number;
  listed: boolean;
  left: boolean;
  heardAt: number;
  /** When there was last a sign that it may live: heard, with a lease, or told of by another node. */
  seenAt: number;
  /** When it was last waited for. */
  awaitedAt: number;
  /** Since when it has been without a lease and not silent. */
  unlistedAt: number;
}

/** What is told of nodes that come and go. */
export interface Membership {
  known(node: string): void;
  gone(node: string): void;
}

/** How far all nodes that are waited for have got. */
export interface Progress {
  readonly got: number;
  /**
   * The same, those included that were waited for lately: a node whose lease has ended holds nobody up,
   * but it may only have been cut off, and come back with its links open and ask for what it missed.
   */
  readonly kept: number;
  readonly taken: number;
  readonly awaited: number;
  /** No other node is known, but for such as have left: there is nobody to send anything to. */
  readonly alone: boolean;
}

/** A silent node is kept in full for so long; then only the place that its stream has reached. */
const FORGET_MS = 60_000;
const MAX_MARKS = 4096;

/**
 * The other nodes, and which of them are waited for: those whose lease lives, and those that are heard
 * and whose lease may not have been seen yet. `now` is time in which this node itself heard: while it
 * hears nothing, the silence of others says nothing.
 */
export class Peers {
  readonly #limits: PeerLimits;
  readonly #eventsFor: (node: string) => StreamEvents;
  readonly #membership: Membership;
  readonly #peers = new Map<string, Peer>();
  /** Where forgotten nodes' streams were: one that was only stopped must not be heard twice. */
  readonly #marks = new Map<string, number>();
  #listKnown = false;

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
      if (peer.left) continue;
      if (only !== undefined) return undefined;
      only = peer;
    }
    return only;
  }

  /** How a node is; undefined for one that is not known. */
  get(node: string): Peer | undefined {
    return this.#peers.get(node);
  }

  /** A node has said its last word. */
  leave(peer: Peer): void {
    if (peer.left) return;
    peer.left = true;
    this.#membership.gone(peer.node);
  }

  /** A node is heard; one that was unknown is owed what is sent after `tail`. */
  heard(node: string, now: number, tail: number): Peer {
    const peer = this.#meet(node, tail);
    if (now - peer.heardAt >= this.#limits.leaveMs) peer.unlistedAt = now;
    peer.heardAt = now;
    peer.seenAt = now;
    return peer;
  }

  /**
   * Another node knows these. One that was unknown here may stand still, past its lease, and have links: it
   * is owed what is sent after `tail`, and that is kept for it as for one that was waited for until now.
   */
  toldOf(nodes: Iterable<string>, now: number, tail: number): void {
    for (const node of nodes) {
      if (this.#peers.has(node)) continue;
      const peer = this.#meet(node, tail);
      peer.seenAt = now;
      peer.awaitedAt = now;
    }
  }

  /** These nodes have a lease, and no others; one that was unknown is owed what is sent after `tail`. */
  setListed(nodes: Iterable<string>, now: number, tail: number): void {
    this.#listKnown = true;
    const listed = new Set(nodes);
    for (const node of listed) {
      const peer = this.#meet(node, tail);
      peer.listed = true;
      peer.seenAt = now;
    }
    for (const peer of this.#peers.values()) {
      if (!peer.listed || listed.has(peer.node)) continue;
      peer.listed = false;
      peer.unlistedAt = now;
    }
  }

  /** How far all that are waited for have got; `tail` where nobody is. */
  progress(now: number, tail: number): Progress {
    let got = tail;
    let kept = tail;
    let taken = tail;
    let awaited = 0;
    // Before the leases have been read, others may live that have not been heard yet.
    let alone = this.#listKnown;
    for (const peer of this.#peers.values()) {
      alone &&= peer.left;
      if (this.#isAwaited(peer, now)) {
        peer.awaitedAt = now;
        awaited += 1;
        // Who has all that is for it lacks nothing of what is for others.
        if (peer.got < peer.last) got = Math.min(got, peer.got);
        if (peer.taken < peer.last) taken = Math.min(taken, peer.taken);
      } else if (!peer.left && now - peer.awaitedAt < this.#limits.keepMs) {
        if (peer.got < peer.last) kept = Math.min(kept, peer.got);
      }
    }
    return { got, kept: Math.min(kept, got), taken, awaited, alone };
  }

  /**
   * Whether every other node has said what it owes this one, which has heard for `now` ms since its
   * start: others may have to connect to Redis anew just then, and Redis may have forgotten them.
   */
  hasMet(now: number): boolean {
    if (!this.#listKnown) return false;
    if (now >= this.#limits.meetMs) return true;
    const others = [...this.#peers.values()].filter(({ left }) => !left);
    return others.length > 0 && others.every(({ stream }) => stream.next !== null);
  }

  /** Ends the streams of nodes that are gone, and forgets those that have been gone for long. */
  sweep(now: number): void {
    for (const peer of this.#peers.values()) {
      const silentMs = now - peer.heardAt;
      // A node that was stopped past its lease still has what is lacking here, for as long as it keeps
      // anything: only then frames wait behind a hole which nobody will fill.
      const ended = peer.left || (!peer.listed && silentMs >= this.#limits.keepMs);
      if (ended && peer.stream.hasHole) peer.stream.end();
      const isUnseen = !peer.listed && now - peer.seenAt >= FORGET_MS;
      if (isUnseen && !peer.stream.hasHole) this.#forget(peer);
    }
  }

  #isAwaited(peer: Peer, now: number): boolean {
    if (peer.left) return false;
    if (peer.listed) return true;
    if (now - peer.heardAt >= this.#limits.leaveMs) return false;
    return !this.#listKnown || now - peer.unlistedAt < this.#limits.graceMs;
  }

  #meet(node: string, tail: number): Peer {
    const known = this.#peers.get(node);
    if (known !== undefined) return known;
    const next = this.#marks.get(node) ?? null;
    this.#marks.delete(node);
    const peer: Peer = {
      node,
      stream: new Stream(next, this.#limits.maxParkedBytes, this.#eventsFor(node)),
      knownAt: tail,
      last: tail,
      got: tail,
      taken: tail,
      accepted: (next ?? 1) - 1,
      unreported: 0,
      hearsOwn: false,
      word: 0,
      confirmed: 0,
      confirmedAt: Number.NEGATIVE_INFINITY,
      listed: false,
      left: false,
      heardAt: Number.NEGATIVE_INFINITY,
      seenAt: Number.NEGATIVE_INFINITY,
      awaitedAt: Number.NEGATIVE_INFINITY,
      unlistedAt: 0,
    };
    this.#peers.set(node, peer);
    this.#membership.known(node);
    return peer;
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer.node);
    if (!peer.left) this.#membership.gone(peer.node);
    if (peer.stream.next !== null) this.#marks.set(peer.node, peer.stream.next);
    // Oldest first: a Map keeps the order in which its keys came.
    for (const node of this.#marks.keys()) {
      if (this.#marks.size <= MAX_MARKS) return;
      this.#marks.delete(node);
    }
  }
}
