import type { EventView } from '@route/admin-api';
import { levels } from 'pino';

/** Facts that are remembered: some hours of an ordinary day, some minutes of a bad one. */
const REMEMBERED = 2000;

/** Facts of one event that are remembered: a storm of one kind does not push out all the others. */
const REMEMBERED_OF_ONE = REMEMBERED / 4;

/** Fields of a log line beside its facts, or common to every line. */
const NOT_FACTS: ReadonlySet<string> = new Set(['level', 'time', 'event', 'node']);

/** The most recent facts of the node's log, for the admin port; a stream for pino to write to. */
export class EventLog {
  #events: EventView[] = [];
  #lastSeq = 0;
  readonly #listeners = new Set<(event: EventView) => void>();

  /** The number of the last fact; 0 without any. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Adds one line of the log. */
  write(line: string): void {
    const fields: Record<string, unknown> = JSON.parse(line);
    const { level, time, event } = fields;
    const fact: EventView = {
      seq: ++this.#lastSeq,
      atMs: Date.parse(String(time)),
      level: levels.labels[Number(level)] ?? String(level),
      event: String(event),
      facts: Object.fromEntries(Object.entries(fields).filter(([name]) => !NOT_FACTS.has(name))),
    };
    this.#events.push(fact);
    // Now and then, not each time: moving all of them costs more than some that are too many.
    if (this.#events.length >= 2 * REMEMBERED) this.#events = this.#remembered();
    for (const listener of this.#listeners) listener(fact);
  }

  /** Returns the last `limit` facts after the one with this number, oldest first. */
  after(seq: number, limit: number): readonly EventView[] {
    return this.#remembered()
      .filter((event) => event.seq > seq)
      .slice(-limit);
  }

  #remembered(): EventView[] {
    const counts = new Map<string, number>();
    const kept: EventView[] = [];
    for (const fact of this.#events.toReversed()) {
      const count = (counts.get(fact.event) ?? 0) + 1;
      counts.set(fact.event, count);
      if (count <= REMEMBERED_OF_ONE) kept.push(fact);
      if (kept.length === REMEMBERED) break;
    }
    return kept.reverse();
  }

  /** Calls back with every new fact. @returns a function that stops it. */
  listen(listener: (event: EventView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
