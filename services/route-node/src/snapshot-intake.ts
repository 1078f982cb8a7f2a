import type { ClientStatus, ListedClients } from '@route/protocol';
import type { IntakeTurns } from './intake-turns.ts';

/** Entries taken in one turn of the loop: a few milliseconds' work at the most. */
const PART = 4000;

/** Something that came on the link behind the snapshot, and what it holds on to. */
interface Behind {
  readonly bytes: number;
  handle(): void;
}

/**
 * A snapshot that is taken in a part at a time, so that one of a million users does not stop the node's
 * other links for a quarter of a second. What comes on the same link behind it waits: PDUs are handled
 * in order.
 */
export class SnapshotIntake {
  readonly #clients: ListedClients;
  readonly #add: (clients: readonly ClientStatus[]) => void;
  readonly #done: () => void;
  readonly #turns: IntakeTurns;
  readonly #step = (): void => this.#takePart();
  readonly #behind: Behind[] = [];
  #bytes = 0;

  /** `done` is called when all is added: {@link SnapshotIntake.handleBehind} is then to be called. */
  constructor(
    clients: ListedClients,
    turns: IntakeTurns,
    { add, done }: { add(clients: readonly ClientStatus[]): void; done(): void },
  ) {
    this.#clients = clients;
    this.#turns = turns;
    this.#add = add;
    this.#done = done;
  }

  /** PDUs and runs that wait. */
  get length(): number {
    return this.#behind.length;
  }

  /** Bytes that these hold on to. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes in the first part. @returns whether that was all. */
  begin(): boolean {
    this.#add(this.#clients.take(PART));
    if (this.#clients.remaining === 0) return true;
    this.#turns.add(this.#step);
    return false;
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
    if (this.#behind.length > 0) {
      while (this.#clients.remaining > 0) this.#add(this.#clients.take(PART));
    }
    this.#done();
  }

  #takePart(): void {
    this.#add(this.#clients.take(PART));
    if (this.#clients.remaining > 0) this.#turns.add(this.#step);
    else this.#done();
  }
}
