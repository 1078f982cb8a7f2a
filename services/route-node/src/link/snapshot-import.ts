import type { ClientStatus, ListedClients } from '@route/protocol';
import { LargePdu } from './large-pdu.ts';
import type { TimeSlicer } from './time-slicer.ts';

/** Entries that are checked, and entries that are added, in one step. */
const CHECKED_AT_ONCE = 4000;
const TAKEN_AT_ONCE = 500;

/** Called during the import of a snapshot. */
export interface SnapshotImportEvents {
  /** The whole snapshot is checked. An invalid one is not added. */
  checked(good: boolean): void;
  add(clients: readonly ClientStatus[]): void;
  /**
   * Whether the remaining users may be left out: the link has closed and no PDU waits that could
   * show that they are missing.
   */
  mayLeaveOut(): boolean;
  /** All users are added or left out. */
  done(): void;
}

/** Checks and imports a snapshot in steps. */
export class SnapshotImport extends LargePdu {
  readonly #clients: ListedClients;
  readonly #events: SnapshotImportEvents;
  #checked = false;

  constructor(clients: ListedClients, timeSlicer: TimeSlicer, events: SnapshotImportEvents) {
    super(timeSlicer, () => events.done());
    this.#clients = clients;
    this.#events = events;
  }

  protected override step(): boolean {
    if (!this.#checked) this.#check();
    else if (!this.#events.mayLeaveOut()) this.#events.add(this.#clients.take(TAKEN_AT_ONCE));
    return this.#checked && (this.#clients.remaining === 0 || this.#events.mayLeaveOut());
  }

  #check(): void {
    const found = this.#clients.check(CHECKED_AT_ONCE);
    if (found === 'unfinished') return;
    this.#checked = true;
    this.#events.checked(found === 'good');
  }
}
