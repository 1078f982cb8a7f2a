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
  /** Whether the link has closed and nothing waits: the absence of users is not visible then. */
  isPointless(): boolean;
  /** Everything is added. */
  done(): void;
}

/** Checks and imports a snapshot in steps. */
export class SnapshotImport extends LargePdu {
  readonly #clients: ListedClients;
  readonly #events: SnapshotImportEvents;
  #checked = false;

  constructor(clients: ListedClients, turns: TimeSlicer, events: SnapshotImportEvents) {
    super(turns, () => events.done());
    this.#clients = clients;
    this.#events = events;
  }

  protected override step(): boolean {
    if (!this.#checked) this.#check();
    else if (!this.#events.isPointless()) this.#events.add(this.#clients.take(TAKEN_AT_ONCE));
    return this.#checked && (this.#clients.remaining === 0 || this.#events.isPointless());
  }

  #check(): void {
    const found = this.#clients.check(CHECKED_AT_ONCE);
    if (found === 'unfinished') return;
    this.#checked = true;
    this.#events.checked(found === 'good');
  }
}
