import type { Clock } from '../clock.ts';
import type { BusCounters } from '../counters.ts';
import type { NodeHeartbeat } from '../membership/heartbeat.ts';
import { encodeHeartbeat } from '../wire/heartbeat-frame.ts';
import type { Sender } from './sender.ts';

/** The shortest interval of heartbeats, however often one is requested. */
const MIN_HEARTBEAT_INTERVAL_MS = 2;

/** After confirmations were requested, heartbeats request them for this long. */
const CONFIRM_MS = 1000;

/** The parts of the node that send its heartbeats. */
export interface HeartbeatSenderOptions {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly counters: BusCounters;
  readonly heartbeat: NodeHeartbeat;
  readonly sender: Pick<Sender, 'publishBatch' | 'tail' | 'tailForAll'>;
  /** Whether the bus is open: else none is sent. */
  isRunning(): boolean;
  /** Whether this node receives what is published on its own channel. */
  hearsOwn(): boolean;
  publish(frame: Buffer): void;
}

/** Sends this node's heartbeats: regularly by {@link HeartbeatSender.send}, or soon on request. */
export class HeartbeatSender {
  readonly #options: HeartbeatSenderOptions;
  #scheduled = false;
  #requestsAcks = false;
  #confirmationsRequestedAt = Number.NEGATIVE_INFINITY;

  constructor(options: HeartbeatSenderOptions) {
    this.#options = options;
  }

  /** Soon sends a heartbeat that requests acks at once. */
  requestAcks(): void {
    this.#requestsAcks = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { clock, heartbeat } = this.#options;
    const beat = (): void => {
      this.#scheduled = false;
      this.send();
    };
    const waitMs = heartbeat.lastSentAt + MIN_HEARTBEAT_INTERVAL_MS - clock.now();
    if (waitMs > 0) clock.after(waitMs, beat);
    else clock.soon(beat);
  }

  /** Lets each heartbeat of the next second request confirmations. */
  requestConfirmations(): void {
    this.#confirmationsRequestedAt = this.#options.clock.now();
  }

  /** Sends a heartbeat now. */
  send(): void {
    if (!this.#options.isRunning()) return;
    const { nodeId, clock, counters, heartbeat, sender, hearsOwn, publish } = this.#options;
    const now = clock.now();
    const isConfirming = now - this.#confirmationsRequestedAt < CONFIRM_MS;
    // Queued entries must arrive before the heartbeat.
    sender.publishBatch();
    const { tail, tailForAll } = sender;
    counters.heartbeatsSent += 1;
    publish(
      encodeHeartbeat({
        ...{ sender: nodeId, tail, tailForAll, seq: heartbeat.next(now) },
        ...{ asksAck: this.#requestsAcks || isConfirming, hearsOwn: hearsOwn() },
      }),
    );
    this.#requestsAcks = false;
  }
}
