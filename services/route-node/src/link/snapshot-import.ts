import type { ClientStatus, ListedClients } from '@route/protocol';
import type { TimeSlicer } from './time-slicer.ts';

/** Entries that are checked, and entries that are added, in one step. */
const CHECKED_AT_ONCE = 4000;
const TAKEN_AT_ONCE = 500;

/** Something that arrived on the link behind the snapshot, and the bytes that it keeps. */
interface Behind {
  readonly bytes: number;
  handle(): void;
}

/** Called during the import of a snapshot. */
export interface SnapshotImportEvents {
  /** The whole snapshot is checked. An invalid one is not added. */
  checked(good: boolean): void;
  add(clients: readonly ClientStatus[]): void;
  /** Everything is added; the caller must now call {@link SnapshotImport.handleBehind}. */
  done(): void;
}

/**
 * Checks and imports a snapshot in steps, so that a million users, or ten snapshots at once, do not
 * block the node's other links for a quarter of a second. PDUs behind the snapshot wait, because
 * the PDUs of a link are handled in order.
 */
export class SnapshotImport {
  readonly #clients: ListedClients;
  readonly #turns: TimeSlicer;
  readonly #events: SnapshotImportEvents;
  readonly #step = (): boolean => this.#takeStep();
  readonly #behind: Behind[] = [];
  #bytes = 0;
  #checked = false;
  #done = false;

  constructor(clients: ListedClients, turns: TimeSlicer, events: SnapshotImportEvents) {
    this.#clients = clients;
    this.#turns = turns;
    this.#events = events;
  }

  /** Waiting PDUs and batches. */
  get length(): number {
    return this.#behind.length;
  }

  /** Bytes of memory that these keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Imports in steps, from the next turn of the loop on. */
  begin(): void {
    this.#turns.add(this.#step);
  }

  /** Imports everything now. */
  takeAll(): void {
    while (!this.#takeStep());
  }

  /** Queues something behind the snapshot. */
  wait(behind: Behind): void {
    this.#behind.push(behind);
    this.#bytes += behind.bytes;
  }

  /** Handles everything that waits, in order. */
  handleBehind(): void {
    for (const { handle } of this.#behind) handle();
  }

  /**
   * Called when the link closes: imports the rest at once and has the waiting PDUs handled. If none
   * waits, the rest is left out, because its absence is not visible in that moment.
   */
  finish(): void {
    this.#turns.remove(this.#step);
    while (!this.#checked) this.#check();
    if (this.#behind.length > 0) this.takeAll();
    else this.#end();
  }

  /** @returns whether it was the last step. */
  #takeStep(): boolean {
    if (this.#checked) this.#events.add(this.#clients.take(TAKEN_AT_ONCE));
    else this.#check();
    if (this.#checked && this.#clients.remaining === 0) this.#end();
    return this.#done;
  }

  #check(): void {
    const found = this.#clients.check(CHECKED_AT_ONCE);
    if (found === 'unfinished') return;
    this.#checked = true;
    this.#events.checked(found === 'good');
  }

  /** Adding clients may close the link, which finishes the import: `done` is called only once. */
  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#events.done();
  }
}
