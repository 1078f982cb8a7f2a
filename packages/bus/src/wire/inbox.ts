import type { BusCounters } from '../counters.ts';
import type { BusEvents } from '../options.ts';
import type { Arrived, StreamEvents } from '../receiving/stream.ts';
import { ADDRESSED_KIND, readAddressed } from './addressed.ts';
import type { Entry } from './data-frame.ts';
import { PART_KIND, PartJoiner } from './parts.ts';

export interface InboxOptions {
  readonly nodeId: string;
  /** Whose entries come. */
  readonly sender: string;
  readonly maxEntryBytes: number;
  readonly counters: BusCounters;
  readonly events: Pick<BusEvents, 'onEntry' | 'onLost'>;
}

/** Entries of one other node, in order, reassembled from parts. */
export class Inbox implements StreamEvents {
  readonly #options: InboxOptions;
  readonly #joiner: PartJoiner;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#joiner = new PartJoiner(options.maxEntryBytes);
  }

  onFrame({ sequence, entries, bytes }: Arrived): void {
    const { counters } = this.#options;
    counters.framesReceived += 1;
    counters.bytesReceived += bytes;
    for (const entry of entries) {
      const whole = entry.kind === PART_KIND ? this.#joiner.join(entry.bytes) : entry;
      if (whole === 'invalid') counters.malformed += 1;
      else if (whole !== 'incomplete') this.#deliver(whole, sequence);
    }
  }

  onSkipped(frames: number): void {
    const { sender, counters, events } = this.#options;
    this.#joiner.discard();
    counters.framesLost += frames;
    events.onLost({ sender, frames, reason: 'skipped' });
  }

  #deliver(entry: Entry, sequence: number): void {
    const { nodeId, sender, counters, events } = this.#options;
    counters.entriesReceived += 1;
    if (entry.kind < ADDRESSED_KIND) {
      events.onEntry(entry.kind, entry.bytes, sender, sequence);
      return;
    }
    const read = entry.kind === ADDRESSED_KIND ? readAddressed(entry.bytes) : undefined;
    if (read === undefined || read.entry.kind >= ADDRESSED_KIND) counters.malformed += 1;
    else if (read.to === nodeId)
      events.onEntry(read.entry.kind, read.entry.bytes, sender, sequence);
  }
}
