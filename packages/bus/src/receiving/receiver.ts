import type { Clock } from '../clock.ts';
import type { BusCounters } from '../counters.ts';
import type { NodeHeartbeat } from '../membership/heartbeat.ts';
import type { Peer, Peers } from '../membership/peers.ts';
import type { Acks } from '../sending/acks.ts';
import type { Sender } from '../sending/sender.ts';
import { type Ack, decodeAck } from '../wire/ack-frame.ts';
import { type DataFrame, decodeData, decodeLeave } from '../wire/data-frame.ts';
import type { Header } from '../wire/header.ts';
import { decodeHeartbeat, type Heartbeat } from '../wire/heartbeat-frame.ts';
import type { Stream } from './stream.ts';

/** The parts of the node that a receiver uses. */
export interface ReceiverOptions {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly heartbeat: Pick<NodeHeartbeat, 'timeMs' | 'seq' | 'sentAt'>;
  readonly counters: BusCounters;
  readonly peers: Peers;
  readonly sender: Sender;
  readonly acks: Acks;
  /**
   * After this long without a heartbeat, one counts whatever its number: the number of the last one
   * may be forged.
   */
  readonly probeTimeoutMs: number;
  /** From when on this node may have had links, by the clock. Infinity for not yet. */
  servingSince(): number;
  /** Another node has said how far it has got. */
  onPeerHeard(): void;
}

/**
 * Receives the frames of other nodes: restores their order, requests missing ones, and redelivers
 * what other nodes lack.
 */
export class Receiver {
  readonly #options: ReceiverOptions;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /**
   * Receives a frame of another node. Returns false when it is damaged or has impossible numbers.
   */
  receive(header: Header, frame: Buffer): boolean {
    const { nodeId } = this.#options;
    switch (header.type) {
      case 'data':
      case 'linked': {
        const data = decodeData(header, frame, nodeId);
        return data !== undefined && this.#onData(data, frame.length);
      }
      case 'heartbeat': {
        const heartbeat = decodeHeartbeat(header, frame);
        if (heartbeat !== undefined) this.#onHeartbeat(heartbeat);
        return heartbeat !== undefined;
      }
      case 'ack': {
        const ack = decodeAck(header, frame);
        if (ack?.to === nodeId) this.#onAck(ack);
        return ack !== undefined;
      }
      case 'leave': {
        const last = decodeLeave(header, frame, nodeId);
        return last !== undefined && this.#onLeave(header.sender, last);
      }
      case 'envelope':
        return false;
    }
  }

  #onData({ sender, sequence, prevSeq, asksAck, entries }: DataFrame, bytes: number): boolean {
    const { acks, counters, sender: own } = this.#options;
    const peer = this.#heard(sender);
    if (peer === undefined) return true;
    const { stream } = peer;
    if (!stream.isPlausible(sequence)) return false;
    const { next } = stream;
    const isInOrder = next !== null && prevSeq < next && sequence >= next;
    if (!stream.receive({ sequence, prevSeq, entries, bytes })) counters.duplicates += 1;
    own.received(bytes);
    // Asks at once for what is missing, and again for the rest whenever some of it has come.
    const asks = stream.hasGap && (!isInOrder || stream.next !== sequence + 1);
    if (asksAck) acks.acknowledge(peer);
    else if (asks || next === null) acks.requestAck(peer);
    return true;
  }

  #onHeartbeat({ sender, tail, tailForAll, seq, asksAck, hearsOwn }: Heartbeat): void {
    const { clock, acks, peers, sender: own, probeTimeoutMs, onPeerHeard } = this.#options;
    const peer = this.#heard(sender);
    if (peer === undefined) return;
    const now = clock.now();
    const isLate = seq <= peer.heartbeat && now - peer.heartbeatAt < probeTimeoutMs;
    if (isLate) return;
    peer.heartbeat = seq;
    peer.heartbeatAt = now;
    peer.hearsOwn = hearsOwn;
    peers.revive(peer, own.tail);
    const { stream } = peer;
    const hadGap = stream.hasGap;
    stream.heartbeat(tail, tailForAll);
    if (asksAck) acks.acknowledge(peer);
    else if (stream.next === null || !peer.hasBegun || (!hadGap && stream.hasGap))
      acks.requestAck(peer);
    onPeerHeard();
  }

  #onAck(ack: Ack): void {
    const { nodeId, heartbeat, peers, sender: own, acks, clock, onPeerHeard } = this.#options;
    const peer = this.#heard(ack.sender);
    if (peer === undefined) return;
    const { stream } = peer;
    const hadGap = stream.hasGap;
    this.#begin(stream, ack);
    if (ack.restart) stream.restart(ack.tail);
    stream.skipTo(ack.gone + 1);
    stream.learn(ack.last);
    if (ack.acked === null) acks.requestAck(peer);
    else if (ack.acked > own.tail) acks.restart(peer);
    else this.#onAcked(peer, ack, ack.acked);
    const isAnswer = ack.heard > 0 && ack.heard <= heartbeat.seq;
    const mayConfirm = isAnswer && !ack.queued && !stream.hasGap;
    if (ack.acked !== null && mayConfirm) {
      peer.confirmed = Math.max(peer.confirmed, ack.heard);
      peer.confirmedAt = clock.now();
    }
    peers.peersReported(
      ack.silent.filter(({ node }) => node !== nodeId),
      heartbeat.timeMs,
      own,
    );
    if (ack.asksAck) acks.acknowledge(peer);
    else if (!hadGap && stream.hasGap) acks.requestAck(peer);
    onPeerHeard();
  }

  /**
   * A node that has heard others only since this one had links did not know it, and this one lacks
   * everything. The ack may have been under way for long: it is as old as the heartbeat that it
   * answers, at most.
   */
  #begin(stream: Stream, { owed, heard, hearingMs }: Ack): void {
    const { clock, heartbeat, servingSince } = this.#options;
    const servedSince = servingSince();
    if (servedSince === Number.POSITIVE_INFINITY) stream.begin(owed);
    else if (heard > 0) {
      const hearingSince = (heartbeat.sentAt(heard) ?? clock.now()) - hearingMs;
      stream.begin(hearingSince > servedSince ? 1 : owed);
    }
  }

  #onAcked(peer: Peer, { credited, missing }: Ack, acked: number): void {
    const { heartbeat, peers, sender: own, acks } = this.#options;
    peers.acked(peer, acked, Math.min(credited, acked), heartbeat.timeMs);
    own.redeliver(peer, missing);
    own.settle();
    // What it asks for and will never get it does not ask for again once it knows.
    const gone = Math.max(peer.knownAt, own.goneFor(peer.node));
    if (missing.some(({ first, last }) => first <= gone || last > peer.last)) acks.requestAck(peer);
  }

  #onLeave(sender: string, last: number): boolean {
    const { peers, sender: own } = this.#options;
    const peer = this.#heard(sender);
    if (peer === undefined) return true;
    const isPlausible = peer.stream.isPlausible(last);
    if (isPlausible) peer.stream.learn(last);
    peer.stream.end();
    peers.leave(peer);
    own.settle();
    return isPlausible;
  }

  #heard(sender: string): Peer | undefined {
    const { peers, heartbeat, sender: own, acks } = this.#options;
    const backAt = peers.get(sender)?.backAt;
    const peer = peers.heard(sender, heartbeat.timeMs, own);
    // Silent nodes must be reported before this node considers its membership complete.
    if (peer !== undefined && peer.backAt !== backAt) acks.requestAck(peer);
    // The peer must receive every frame from now on, even before its first heartbeat.
    if (own.alone) own.settle();
    return peer;
  }
}
