import type { ClientStatus, ListedClients } from '@route/protocol';
import type { TimeSlicer } from './time-slicer.ts';

/** Entries gone over, and entries taken in, in one step. */
const CHECKED_AT_ONCE = 4000;
const TAKEN_AT_ONCE = 500;

/** Something that came on the link behind the snapshot, and what it holds on to. */
interface Behind {
  readonly bytes: number;
  handle(): void;
}

/** What a snapshot's intake tells of itself. */
export interface SnapshotImportEvents {
  /** The whole list is checked. A bad one is not added. */
  checked(good: boolean): void;
  add(clients: readonly ClientStatus[]): void;
  /** All is added: {@link SnapshotImport.handleBehind} is now to be called. */
  done(): void;
}

/**
 * A snapshot that is checked and taken in bit by bit, so that one of a million users does not stop the
 * node's other links for a quarter of a second, nor ten that come at once. What comes on the same link
 * behind it waits: PDUs are handled in order.
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

  /** PDUs and runs that wait. */
  get length(): number {
    return this.#behind.length;
  }

  /** Bytes that these hold on to. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes it in in turns of the loop, from the next one on. */
  begin(): void {
    this.#turns.add(this.#step);
  }

  /** Takes all of it in now. */
  takeAll(): void {
    while (!this.#takeStep());
  }

  /** Puts something behind the snapshot. */
  wait(behind: Behind): void {
    this.#behind.push(behind);
    this.#bytes += behind.bytes;
  }

  /** Handles what has waited, in order. */
  handleBehind(): void {
    for (const { handle } of this.#behind) handle();
  }

  /**
   * The link ends: takes in the rest at once, and has what waits handled. Where nothing waits the rest
   * is left out: nobody will see that it was not there for that moment.
   */
  finish(): void {
    this.#turns.remove(this.#step);
    while (!this.#checked) this.#check();
    if (this.#behind.length > 0) this.takeAll();
    else this.#end();
  }

  /** @returns whether it was the last. */
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

  /** To add may end the link, which finishes the intake: once is enough. */
  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#events.done();
  }
}
