import type { Clock } from '../clock.ts';
import type { BusCounters } from '../counters.ts';
import type { NodeHeartbeat } from '../membership/heartbeat.ts';
import type { Peer, Peers } from '../membership/peers.ts';
import { encodeAck } from '../wire/ack-frame.ts';
import type { Sender } from './sender.ts';

/** What acks speak of, and through what. */
export interface AcksOptions {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly counters: BusCounters;
  readonly heartbeat: Pick<NodeHeartbeat, 'timeMs' | 'steadyMs' | 'hearingMs'>;
  readonly peers: Peers;
  readonly sender: Sender;
  /** A node silent for this long is reported to joining nodes. */
  readonly silentMs: number;
  /** A node silent for this long is not asked for acks. */
  readonly leaveMs: number;
  publish(frame: Buffer, to: string): void;
}

/**
 * However often a node is asked, it does not acknowledge to one other node more often than this.
 */
const ACK_GAP_MS = 2;

/** Nor, while frames come in behind a gap, does it ask for what is missing more often than this. */
const ASK_GAP_MS = 20;

/** How long silent nodes are reported to a node after it was heard again. */
const NEW_MS = 2000;

/** What was last acknowledged to a node. */
interface LastAck {
  at: number;
  acked: number | null;
  accepted: number;
  /** When the next one is sent; undefined where none is due. */
  dueAt: number | undefined;
  /** Whether the next one tells the node to go on behind the last frame. */
  restarts: boolean;
}

/**
 * Tells each other node, on its own, how far this one has got with its frames, what it lacks, and
 * where its own frames begin for that node: when that node asks, when something is missing, and
 * else a few times a second where there is something new. Nodes that have nothing to tell each
 * other send no acks.
 */
export class Acks {
  readonly #options: AcksOptions;
  readonly #lastAck = new WeakMap<Peer, LastAck>();
  #room = true;

  constructor(options: AcksOptions) {
    this.#options = options;
  }

  /** While there is no room, what came in is acknowledged, but not credited. */
  setRoom(hasRoom: boolean): void {
    if (hasRoom === this.#room) return;
    this.#room = hasRoom;
    if (!hasRoom) return;
    for (const peer of this.#options.peers.all()) {
      const { next } = peer.stream;
      if (!peer.hasLeft && next !== null && peer.accepted < next - 1) this.#soon(peer, ACK_GAP_MS);
    }
  }

  /** A node asks for an ack. */
  acknowledge(peer: Peer): void {
    this.#soon(peer, ACK_GAP_MS);
  }

  /** Something of a node is missing, or the two do not know yet where to begin. */
  requestAck(peer: Peer): void {
    this.#soon(peer, ASK_GAP_MS);
  }

  /** A node acknowledges what was never sent. */
  restart(peer: Peer): void {
    this.#saidTo(peer).restarts = true;
    this.#soon(peer, ASK_GAP_MS);
  }

  /** To be called a few times a second. */
  tick(): void {
    const { heartbeat, peers, sender, leaveMs } = this.#options;
    for (const peer of peers.all()) {
      if (peer.hasLeft) continue;
      const { stream, last, acked, credited, hasAcked, heardAt } = peer;
      const said = this.#saidTo(peer);
      const has = ackedOf(peer);
      const isNew = has !== null && (said.acked !== has || (this.#room && said.accepted !== has));
      // What it has not acknowledged since the last tick it may not have got, nor known of.
      const isHeard = heartbeat.timeMs - heardAt < leaveMs;
      const lags = (acked < last || credited < last) && !hasAcked && isHeard;
      const isUnknown = last !== sender.tailForAll && acked < last;
      peer.hasAcked = false;
      if (lags) this.#send(peer, { asksAck: true });
      else if (isNew || isUnknown || stream.hasGap) this.#send(peer);
    }
  }

  #saidTo(peer: Peer): LastAck {
    let said = this.#lastAck.get(peer);
    if (said === undefined) {
      said = {
        ...{ at: Number.NEGATIVE_INFINITY, acked: ackedOf(peer), accepted: peer.accepted },
        ...{ dueAt: undefined, restarts: false },
      };
      this.#lastAck.set(peer, said);
    }
    return said;
  }

  #soon(peer: Peer, gapMs: number): void {
    const { clock } = this.#options;
    const said = this.#saidTo(peer);
    const now = clock.now();
    const dueAt = Math.max(now, said.at + gapMs);
    if (said.dueAt !== undefined && said.dueAt <= dueAt) return;
    said.dueAt = dueAt;
    const send = (): void => {
      // One that became due earlier has been sent meanwhile.
      if (said.dueAt === dueAt) this.#send(peer);
    };
    if (dueAt > now) clock.after(dueAt - now, send);
    else clock.soon(send);
  }

  #send(peer: Peer, { asksAck } = { asksAck: false }): void {
    const { nodeId, clock, counters, heartbeat, peers, sender, silentMs, publish } = this.#options;
    const said = this.#saidTo(peer);
    const restart = said.restarts;
    said.restarts = false;
    said.dueAt = undefined;
    said.at = clock.now();
    // What was queued before the ack comes before it.
    sender.publishBatch();
    const { node, stream } = peer;
    const got = ackedOf(peer);
    if (this.#room && got !== null) peer.accepted = got;
    said.acked = got;
    said.accepted = peer.accepted;
    counters.acksSent += 1;
    // Others may have joined and gone silent while it heard nothing.
    const isNew = !peer.hasBegun || heartbeat.timeMs - peer.backAt < NEW_MS;
    // After an outage of its own, this node too may not hear some of them soon.
    const afterMs = Math.min(silentMs, heartbeat.steadyMs);
    publish(
      encodeAck({
        ...{ sender: nodeId, to: node, tail: sender.tail, last: peer.last },
        heard: peer.heartbeat,
        // The reader could take it for sent.
        queued: !sender.isEmpty,
        ...{ owed: peer.acked + 1, acked: got, credited: Math.min(peer.accepted, got ?? 0) },
        gone: Math.max(peer.knownAt, sender.goneFor(node)),
        hearingMs: heartbeat.hearingMs(said.at),
        missing: stream.missing(),
        silent: isNew ? peers.silent(heartbeat.timeMs, afterMs, node) : [],
        ...{ asksAck, restart },
      }),
      node,
    );
  }
}

function ackedOf({ stream: { next } }: Peer): number | null {
  return next === null ? null : next - 1;
}
