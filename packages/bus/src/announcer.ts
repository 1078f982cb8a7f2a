import type { Clock } from './clock.ts';
import type { Peer, Peers } from './peers.ts';
import type { Sender } from './sender.ts';
import { encodeStatus } from './status.ts';

/** What an announcer speaks of, and through what. */
export interface AnnouncerOptions {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly peers: Peers;
  readonly sender: Sender;
  /** Says how far it has got at the latest when so many bytes have come in. */
  readonly reportBytes: number;
  /** Whether frames that are published to this node alone arrive here. */
  hearsOwn(): boolean;
  publish(frame: Buffer): void;
}

/** However fast frames come in, a node does not say more often than this how far it has got. */
const REPORT_GAP_MS = 2;

/** Nor, while frames come in behind a hole, does it ask more often than this. */
const ASK_GAP_MS = 20;

/** Says where this node is: what it has sent, how far it has got with each other node, what it lacks. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  #room = true;
  #scheduled = false;
  #saidAt = Number.NEGATIVE_INFINITY;
  #unreported = 0;
  #word = 0;
  #asksWord = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** While there is no room, what came in is not said to be taken. */
  setRoom(hasRoom: boolean): void {
    if (hasRoom === this.#room) return;
    this.#room = hasRoom;
    if (hasRoom) this.#soon(REPORT_GAP_MS);
  }

  /** Bytes have come in; speaks before a sender would stand still for want of a word from here. */
  took(peer: Peer, bytes: number): void {
    peer.unreported += bytes;
    this.#unreported += bytes;
    const { reportBytes, sender } = this.#options;
    const isMuch = peer.unreported >= sender.shareBytes / 4 || this.#unreported >= reportBytes;
    if (isMuch) this.#soon(REPORT_GAP_MS);
  }

  /** The number of the last announcement. */
  get word(): number {
    return this.#word;
  }

  /** Speaks soon, and asks the others to say at once that they have heard it. */
  askWord(): void {
    this.#asksWord = true;
    this.#soon(REPORT_GAP_MS);
  }

  /** Somebody wants to hear at once that this node has heard it. */
  answer(): void {
    this.#soon(REPORT_GAP_MS);
  }

  /** Something is lacking. */
  ask(): void {
    this.#soon(ASK_GAP_MS);
  }

  /** Speaks now. */
  announce(): void {
    const { nodeId, clock, peers, sender, hearsOwn, publish } = this.#options;
    // What was queued before is heard before.
    sender.publishBatch();
    this.#saidAt = clock.now();
    this.#word += 1;
    this.#unreported = 0;
    const present = [...peers.all()].filter(({ left }) => !left);
    const reports = present.map((peer) => {
      const { node, stream, word: heard } = peer;
      const got = stream.next === null ? null : stream.next - 1;
      peer.unreported = 0;
      if (this.#room && got !== null) peer.accepted = got;
      const last = peer.last === sender.tail ? undefined : peer.last;
      const missing = stream.missing();
      const gone = Math.max(peer.knownAt, sender.goneFor(node));
      return { node, owed: peer.got + 1, got, taken: peer.accepted, missing, last, gone, heard };
    });
    const { tail, base } = sender;
    const word = this.#word;
    const asksWord = this.#asksWord;
    this.#asksWord = false;
    publish(
      encodeStatus({
        ...{ sender: nodeId, tail, base, peers: reports, word, asksWord },
        hearsOwn: hearsOwn(),
      }),
    );
  }

  #soon(gapMs: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { clock } = this.#options;
    const speak = (): void => {
      this.#scheduled = false;
      this.announce();
    };
    const wait = this.#saidAt + gapMs - clock.now();
    if (wait > 0) clock.after(wait, speak);
    else clock.soon(speak);
  }
}
