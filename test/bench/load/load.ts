import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import { ToldProcess } from '../told-process.ts';
import { DIALECTS, type DialectName } from './dialect.ts';
import {
  isLoadAnswer,
  type LinkCount,
  type LoadAnswer,
  type LoadCount,
  type LoadOrder,
  type Target,
} from './load-messages.ts';

const CHILD = new URL('./load-child.ts', import.meta.url);
const MEET_DEADLINE_MS = 15_000;
const PROBE_EVERY_MS = 50;
const QUIET_MS = 100;
const STALLED_MS = 3_000;

export interface LoadOptions {
  /** Where the links go, in turn. */
  readonly targets: readonly Target[];
  readonly links: number;
  /** The first so many of the links send. */
  readonly senders: number;
  readonly pduBytes: number;
  readonly dialect: DialectName;
  /** Over how many processes the links are spread. */
  readonly processes: number;
}

/** What all links together have counted since the last reset. */
export interface LoadTotals {
  readonly sentPdus: number;
  /** PDUs that have come whole, summed over the links. */
  readonly deliveredPdus: number;
  /** PDUs that the links should have been given by now, were nothing under way. */
  readonly duePdus: number;
  readonly openLinks: number;
}

/** What was counted between two moments, per second. */
export interface LoadRates {
  readonly sentPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Processors that the load's processes have kept busy. */
  readonly loadCores: number;
}

/** Links that send flat out and count what comes, in processes of their own. */
export class Load implements AsyncDisposable {
  readonly #options: LoadOptions;
  readonly #receivedBytes: number;
  readonly #processes: readonly ToldProcess<LoadOrder, LoadAnswer>[];

  private constructor(options: LoadOptions) {
    this.#options = options;
    this.#receivedBytes = DIALECTS[options.dialect].receivedBytes(options.pduBytes);
    this.#processes = Array.from(
      { length: options.processes },
      () => new ToldProcess(CHILD, isLoadAnswer),
    );
  }

  /** Opens the links and returns when each of them receives what each sender sends. */
  static async open(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    try {
      const { dialect, pduBytes, links, senders, targets } = options;
      const all = Array.from({ length: links }, (_, id) => {
        return { id, sends: id < senders, ...targetAt(targets, id) };
      });
      await load.#tellAll((process) => {
        const own = all.filter(({ id }) => load.#processOf(id) === process);
        return { kind: 'open', links: own, dialect, pduBytes };
      });
      await load.#meet();
      return load;
    } catch (error) {
      await load[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Counts begin at 0. Nothing may be under way. */
  async reset(): Promise<void> {
    await this.#tellAll(() => ({ kind: 'reset' }));
  }

  /** The senders begin to send as fast as they can. */
  async flood(): Promise<void> {
    await this.#tellAll(() => ({ kind: 'flood' }));
  }

  /** What is sent and delivered in so many ms from now on. */
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
   * The senders stop. Returns when everything has come, or when nothing comes any more: what was due
   * and what was delivered then.
   */
  async finish(): Promise<LoadTotals> {
    await this.#tellAll(() => ({ kind: 'stop' }));
    let last = await this.totals();
    let grewAt = performance.now();
    while (last.deliveredPdus < last.duePdus && performance.now() - grewAt < STALLED_MS) {
      await delay(PROBE_EVERY_MS);
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
      // What a server says for itself (NATS's PING) is shorter than a PDU and never makes one up.
      deliveredPdus: sum(links, (link) => Math.floor(link.receivedBytes / this.#receivedBytes)),
      duePdus: sum(links, (link) => sent - link.sentPdus),
      openLinks: links.filter(({ isOpen }) => isOpen).length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
  }

  /** A connection stands before its server knows the link: each sender probes until all others hear it. */
  async #meet(): Promise<void> {
    for (let id = 0; id < this.#options.senders; id++) {
      await this.#quiet();
      await this.reset();
      await waitFor(
        async () => {
          await this.#tellAll(() => ({ kind: 'probe', id }));
          await delay(PROBE_EVERY_MS);
          const links = await this.#links();
          return links.every((link) => link.id === id || link.receivedBytes > 0);
        },
        { what: `every link to hear link ${id}`, deadlineMs: MEET_DEADLINE_MS },
      );
    }
    await this.#quiet();
    await this.reset();
  }

  /** Waits until nothing more comes. */
  async #quiet(): Promise<void> {
    let last = -1;
    for (;;) {
      const bytes = sum(await this.#links(), receivedBytes);
      if (bytes === last) return;
      last = bytes;
      await delay(QUIET_MS);
    }
  }

  /** Neighbouring links, which are on different nodes, go to one process. */
  #processOf(id: number): number {
    return Math.floor(id / this.#options.targets.length) % this.#processes.length;
  }

  async #links(): Promise<LinkCount[]> {
    return (await this.#count()).flatMap(({ links }) => links);
  }

  async #count(): Promise<LoadCount[]> {
    const answers = await this.#tellAll(() => ({ kind: 'count' }));
    return answers.flatMap((answer) => (answer.kind === 'count' ? [answer.count] : []));
  }

  async #tellAll(orderOf: (process: number) => LoadOrder): Promise<LoadAnswer[]> {
    return await Promise.all(this.#processes.map((process, i) => process.tell(orderOf(i))));
  }
}

const sentPdus = (link: LinkCount): number => link.sentPdus;
const receivedBytes = (link: LinkCount): number => link.receivedBytes;

function sum(links: readonly LinkCount[], of: (link: LinkCount) => number): number {
  return links.reduce((total, link) => total + of(link), 0);
}

function targetAt(targets: readonly Target[], id: number): Target {
  const target = targets[id % targets.length];
  if (target === undefined) throw new Error('there is no server to send to');
  return { host: target.host, port: target.port };
}
