import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import { ToldProcesses } from '../told-processes.ts';
import { DIALECTS, type DialectName } from './dialect.ts';
import {
  isLoadAnswer,
  type Latency,
  type LinkCount,
  type LinkOrder,
  type LoadAnswer,
  type LoadCount,
  type LoadOrder,
  type Target,
} from './load-messages.ts';

const CHILD = new URL('./load-child.ts', import.meta.url);
const MEET_DEADLINE_MS = 15_000;
const POLL_MS = 50;
/** Which of the processes does what; flat out, the first does both. */
const SENDING = 0;
const RECEIVING = 1;
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
  /**
   * `flat-out`: links go to the targets in turn, all in one process (more would only take turns on a small
   * machine). `paced`: senders to the first target, the others to the last, each in a process of their
   * own, and what comes is looked at.
   */
  readonly purpose: 'flat-out' | 'paced';
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
  readonly #processes: ToldProcesses<LoadOrder, LoadAnswer>;

  private constructor(options: LoadOptions) {
    this.#options = options;
    this.#receivedBytes = DIALECTS[options.dialect].receivedBytes(options.pduBytes);
    this.#processes = new ToldProcesses(CHILD, isLoadAnswer, options.purpose === 'paced' ? 2 : 1);
  }

  /** Opens the links and returns when each of them receives what each sender sends. */
  static async open(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    try {
      const { dialect, pduBytes, links, purpose } = options;
      const readsStamps = purpose === 'paced';
      const all = Array.from({ length: links }, (_, id) => load.#orderOf(id));
      await load.#processes.tellAll((process) => {
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

  /** Counts begin at 0. Nothing may be under way. */
  async reset(): Promise<void> {
    await this.#processes.tellAll(() => ({ kind: 'reset' }));
  }

  /** The senders begin to send as fast as they can. */
  async flood(): Promise<void> {
    await this.#processes.tellAll(() => ({ kind: 'flood' }));
  }

  /** The senders send stamped PDUs at a steady rate for a while. */
  async pace(perSecond: number, ms: number): Promise<void> {
    await this.#processes.tell(SENDING, { kind: 'pace', perSecond, ms });
  }

  /** How long what was paced since the last reset has been under way. */
  async latency(): Promise<Latency> {
    const answer = await this.#processes.tell(RECEIVING, { kind: 'latency' });
    if (answer?.kind !== 'latency') throw new Error('the load was not opened to be paced');
    return answer.latency;
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
    await this.#processes.tellAll(() => ({ kind: 'stop' }));
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

  /** A connection stands before its server knows the link: the senders send until all others hear all. */
  async #meet(): Promise<void> {
    const { senders } = this.#options;
    const hears = (link: LinkCount): boolean =>
      this.#wholePdus(link) === (link.id < senders ? senders - 1 : senders);
    await waitFor(
      async () => {
        await this.#quiet();
        await this.reset();
        await this.#processes.tellAll(() => ({ kind: 'probe' }));
        await this.#quiet();
        return (await this.#links()).every(hears);
      },
      { what: 'every link to hear every sender', deadlineMs: MEET_DEADLINE_MS },
    );
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

  #wholePdus({ receivedBytes }: LinkCount): number {
    // What a server says for itself (NATS's PING) is shorter than a PDU and never makes one up.
    return Math.floor(receivedBytes / this.#receivedBytes);
  }

  #orderOf(id: number): LinkOrder {
    const { targets, senders, purpose } = this.#options;
    const sends = id < senders;
    const paced = sends ? 0 : targets.length - 1;
    const target = targets[purpose === 'paced' ? paced : id % targets.length];
    if (target === undefined) throw new Error('there is no server to send to');
    return { id, sends, ...target };
  }

  #processOf({ sends }: LinkOrder): number {
    return this.#options.purpose === 'paced' && !sends ? RECEIVING : SENDING;
  }

  async #links(): Promise<LinkCount[]> {
    return (await this.#count()).flatMap(({ links }) => links);
  }

  async #count(): Promise<LoadCount[]> {
    const answers = await this.#processes.tellAll(() => ({ kind: 'count' }));
    return answers.flatMap((answer) => (answer.kind === 'count' ? [answer.count] : []));
  }
}

const sentPdus = (link: LinkCount): number => link.sentPdus;
const receivedBytes = (link: LinkCount): number => link.receivedBytes;

function sum(links: readonly LinkCount[], of: (link: LinkCount) => number): number {
  return links.reduce((total, link) => total + of(link), 0);
}
