import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import { WorkerProcesses } from '../../harness/worker-process.ts';
import { DIALECTS, type DialectName } from './dialect.ts';
import {
  isLoadAnswer,
  type Latency,
  type LinkCount,
  type LinkOrder,
  type LoadAnswer,
  type LoadCount,
  type LoadRequest,
  type Target,
} from './load-messages.ts';

const CHILD = new URL('./load-child.ts', import.meta.url);
const MEET_DEADLINE_MS = 15_000;
const POLL_MS = 50;
/** Which process has which role; at full speed the first has both. */
const SENDING = 0;
const RECEIVING = 1;
const QUIET_MS = 100;
const STALLED_MS = 3_000;

export interface LoadOptions {
  /** The addresses of the links, in turn. */
  readonly targets: readonly Target[];
  readonly links: number;
  /** The first `senders` links send. */
  readonly senders: number;
  readonly pduBytes: number;
  readonly dialect: DialectName;
  /**
   * `flat-out`: links go to the targets in turn, all in one process (more would only compete on a
   * small machine). `paced`: senders to the first target, the others to the last, each in a process
   * of their own; stamps are read.
   */
  readonly purpose: 'flat-out' | 'paced';
}

/** Counts of all links since the last reset. */
export interface LoadTotals {
  readonly sentPdus: number;
  /** Complete PDUs received, summed over the links. */
  readonly deliveredPdus: number;
  /** PDUs due at the links by now, if none were in flight. */
  readonly duePdus: number;
  readonly openLinks: number;
}

/** Counts between two moments, per second. */
export interface LoadRates {
  readonly sentPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Processors that the load's processes have kept busy. */
  readonly loadCores: number;
}

/** Links in processes of their own that send at full speed and count received PDUs. */
export class Load implements AsyncDisposable {
  readonly #options: LoadOptions;
  readonly #receivedBytes: number;
  readonly #processes: WorkerProcesses<LoadRequest, LoadAnswer>;

  private constructor(options: LoadOptions) {
    this.#options = options;
    this.#receivedBytes = DIALECTS[options.dialect].receivedBytes(options.pduBytes);
    this.#processes = new WorkerProcesses(CHILD, isLoadAnswer, options.purpose === 'paced' ? 2 : 1);
  }

  /** Opens the links. Resolves when each receives PDUs of every sender. */
  static async open(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    try {
      const { dialect, pduBytes, links, purpose } = options;
      const readsStamps = purpose === 'paced';
      const all = Array.from({ length: links }, (_, id) => load.#orderOf(id));
      await load.#processes.requestAll((process) => {
        const own = all.filter((link) => load.#processOf(link) === process);
        return { kind: 'open', links: own, dialect, pduBytes, copies: links - 1, readsStamps };
      });
      await load.#meet();
      return load;
    } catch (error) {
      await load[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resets the counts. No PDU may be in flight. */
  async reset(): Promise<void> {
    await this.#processes.requestAll(() => ({ kind: 'reset' }));
  }

  /** Starts the senders at full speed. */
  async flood(): Promise<void> {
    await this.#processes.requestAll(() => ({ kind: 'flood' }));
  }

  /** Runs the senders with stamped PDUs at a steady rate for a while. */
  async pace(perSecond: number, ms: number): Promise<void> {
    await this.#processes.request(SENDING, { kind: 'pace', perSecond, ms });
  }

  /** Returns delivery times of paced PDUs since the last reset. */
  async latency(): Promise<Latency> {
    const answer = await this.#processes.request(RECEIVING, { kind: 'latency' });
    if (answer?.kind !== 'latency') throw new Error('the load was not opened to be paced');
    return answer.latency;
  }

  /** Measures what is sent and delivered in the next `ms`. */
  async measure(ms: number): Promise<LoadRates> {
    const before = await this.#count();
    await delay(ms);
    const after = await this.#count();
    const rates = { sentPerSecond: 0, deliveredPerSecond: 0, loadCores: 0 };
    after.forEach((count, i) => {
      const earlier = before[i];
      if (earlier === undefined) return;
      const seconds = (count.atMs - earlier.atMs) / 1000;
      const sent = sum(count.links, sentPdus) - sum(earlier.links, sentPdus);
      const bytes = sum(count.links, receivedBytes) - sum(earlier.links, receivedBytes);
      rates.sentPerSecond += sent / seconds;
      rates.deliveredPerSecond += bytes / this.#receivedBytes / seconds;
      rates.loadCores += (count.cpuMs - earlier.cpuMs) / 1000 / seconds;
    });
    return rates;
  }

  /**
   * Stops the senders. Resolves with the due and delivered counts when every PDU has arrived, or
   * none arrives any more.
   */
  async finish(): Promise<LoadTotals> {
    await this.#processes.requestAll(() => ({ kind: 'stop' }));
    let last = await this.totals();
    let grewAt = performance.now();
    while (last.deliveredPdus < last.duePdus && performance.now() - grewAt < STALLED_MS) {
      await delay(POLL_MS);
      const totals = await this.totals();
      if (totals.deliveredPdus > last.deliveredPdus) grewAt = performance.now();
      last = totals;
    }
    return last;
  }

  async totals(): Promise<LoadTotals> {
    const links = await this.#links();
    const sent = sum(links, sentPdus);
    return {
      sentPdus: sent,
      deliveredPdus: sum(links, (link) => this.#wholePdus(link)),
      duePdus: sum(links, (link) => sent - link.sentPdus),
      openLinks: links.filter(({ isOpen }) => isOpen).length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes[Symbol.asyncDispose]();
  }

  /**
   * A connection opens before its server knows the link: senders send until all other links receive
   * from all.
   */
  async #meet(): Promise<void> {
    const { senders } = this.#options;
    const hears = (link: LinkCount): boolean =>
      this.#wholePdus(link) === (link.id < senders ? senders - 1 : senders);
    await waitFor(
      async () => {
        await this.#quiet();
        await this.reset();
        await this.#processes.requestAll(() => ({ kind: 'probe' }));
        await this.#quiet();
        return (await this.#links()).every(hears);
      },
      { what: 'every link to receive from every sender', deadlineMs: MEET_DEADLINE_MS },
    );
    await this.reset();
  }

  /** Waits until no more PDUs arrive. */
  async #quiet(): Promise<void> {
    let last = -1;
    for (;;) {
      const bytes = sum(await this.#links(), receivedBytes);
      if (bytes === last) return;
      last = bytes;
      await delay(QUIET_MS);
    }
  }

  #wholePdus({ receivedBytes }: LinkCount): number {
    // Control lines of a server (NATS's PING) are shorter than a PDU and never add up to one.
    return Math.floor(receivedBytes / this.#receivedBytes);
  }

  #orderOf(id: number): LinkOrder {
    const { targets, senders, purpose } = this.#options;
    const sends = id < senders;
    const paced = sends ? 0 : targets.length - 1;
    const target = targets[purpose === 'paced' ? paced : id % targets.length];
    if (target === undefined) throw new Error('no servers to send to');
    return { id, sends, ...target };
  }

  #processOf({ sends }: LinkOrder): number {
    return this.#options.purpose === 'paced' && !sends ? RECEIVING : SENDING;
  }

  async #links(): Promise<LinkCount[]> {
    return (await this.#count()).flatMap(({ links }) => links);
  }

  async #count(): Promise<LoadCount[]> {
    const answers = await this.#processes.requestAll(() => ({ kind: 'count' }));
    return answers.flatMap((answer) => (answer.kind === 'count' ? [answer.count] : []));
  }
}

const sentPdus = (link: LinkCount): number => link.sentPdus;
const receivedBytes = (link: LinkCount): number => link.receivedBytes;

function sum(links: readonly LinkCount[], of: (link: LinkCount) => number): number {
  return links.reduce((total, link) => total + of(link), 0);
}
