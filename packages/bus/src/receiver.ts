import type { Announcer } from './announcer.ts';
import type { Clock } from './clock.ts';
import type { BusCounters } from './counters.ts';
import { type DataFrame, decodeData, decodeLeave } from './frame.ts';
import type { Header } from './header.ts';
import type { Hearing } from './hearing.ts';
import type { Peer, Peers } from './peers.ts';
import type { Sender } from './sender.ts';
import { decodeStatus, type Status } from './status.ts';

/** What a receiver tells of, and whom it tells. */
export interface ReceiverOptions {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly hearing: Pick<Hearing, 'timeMs'>;
  readonly counters: BusCounters;
  readonly peers: Peers;
  readonly sender: Sender;
  readonly announcer: Announcer;
  /** Another node has said how far it has got. */
  spoken(): void;
}

/** Takes in what other nodes publish: puts it in order, asks for what is lacking, repeats what they lack. */
export class Receiver {
  readonly #options: ReceiverOptions;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Takes in a frame of another node; its header, if it has one, has been read. */
  take(header: Header | undefined, frame: Buffer): void {
    const { nodeId, counters } = this.#options;
    if (header?.type === 'leave') {
      this.#onLeave(header, frame);
      return;
    }
    const read = decodeData(frame, nodeId) ?? decodeStatus(frame);
    if (read?.type === 'data') this.#onData(read, frame.length);
    else if (read?.type === 'status') this.#onStatus(read);
    else counters.malformed += 1;
  }

  #onData({ sender, sequence, before, entries }: DataFrame, bytes: number): void {
    const { announcer, counters } = this.#options;
    const peer = this.#heard(sender);
    const { next } = peer.stream;
    const isInOrder = next !== null && before < next && sequence >= next;
    if (!peer.stream.take({ sequence, before, entries, bytes })) counters.duplicates += 1;
    announcer.took(peer, bytes);
    // Asks at once for what is missing, and again for the rest whenever some of it has come.
    const asks = peer.stream.hasHole && (!isInOrder || peer.stream.next !== sequence + 1);
    if (asks || next === null) announcer.ask();
  }

  #onStatus({ sender, tail, base, peers, hearsOwn, word, asksWord }: Status): void {
    const { nodeId, clock, hearing, announcer, sender: own, peers: all, spoken } = this.#options;
    const peer = this.#heard(sender);
    peer.hearsOwn = hearsOwn;
    peer.word = Math.max(peer.word, word);
    const { stream } = peer;
    const aboutMe = peers.find(({ node }) => node === nodeId);
    if (aboutMe !== undefined) stream.begin(aboutMe.owed);
    stream.skipTo(aboutMe?.gone === undefined ? base : aboutMe.gone + 1);
    const knewHole = stream.hasHole;
    stream.learn(aboutMe?.last ?? tail);
    if (aboutMe !== undefined && aboutMe.got !== null) {
      const got = Math.min(aboutMe.got, own.tail);
      peer.got = Math.max(peer.got, got);
      peer.taken = Math.max(peer.taken, Math.min(aboutMe.taken, got));
      own.repeat(sender, aboutMe.missing);
      own.settle();
      if (!stream.hasHole) {
        peer.confirmed = Math.max(peer.confirmed, aboutMe.heard);
        peer.confirmedAt = clock.now();
      }
    }
    // Only what a node has heard itself: else two could tell each other for ever of one that is gone.
    const heard = peers.filter(({ node, got }) => got !== null && node !== nodeId);
    all.toldOf(
      heard.map(({ node }) => node),
      hearing.timeMs,
      own.tail,
    );
    if (asksWord) announcer.answer();
    const strangers = stream.next === null || aboutMe === undefined || aboutMe.got === null;
    if (strangers || (!knewHole && stream.hasHole)) announcer.ask();
    spoken();
  }

  #onLeave({ sender, sequence }: Header, frame: Buffer): void {
    const { nodeId, peers, sender: own } = this.#options;
    const peer = this.#heard(sender);
    peer.stream.learn(decodeLeave(frame, nodeId) ?? sequence);
    peer.stream.end();
    peers.leave(peer);
    own.settle();
  }

  #heard(sender: string): Peer {
    const { peers, hearing, sender: own } = this.#options;
    const peer = peers.heard(sender, hearing.timeMs, own.tail);
    // From here on it is owed everything, also what is sent before it has said a word about this node.
    if (own.alone) own.settle();
    return peer;
  }
}
