import { setTimeout as delay } from 'node:timers/promises';
import { WorkerProcesses } from '../harness/worker-process.ts';
import type { Mailboxes } from './expected-deliveries.ts';
import {
  isLoadAnswer,
  type LoadAnswer,
  type LoadReport,
  type LoadRequest,
} from './load-messages.ts';
import type { Target } from './traffic-link.ts';

const CHILD = new URL('./load-child.ts', import.meta.url);
const POLL_MS = 100;

export interface LoadOptions {
  readonly links: number;
  readonly processes: number;
  /**
   * Mailboxes that the links list and that receive a part of the traffic; without them every PDU is
   * a broadcast.
   */
  readonly mailboxes?: Mailboxes;
}

/**
 * Number of PDUs per sender that prove, before the flood, that every node knows each link's
 * mailbox.
 */
const FIRST_PDUS = 200;

/**
 * Links that send at full speed, in processes of their own: one process could not outrun two nodes.
 */
export class Load implements AsyncDisposable {
  readonly #processes: WorkerProcesses<LoadRequest, LoadAnswer>;
  readonly #count: number;
  readonly #written: number[];

  private constructor(processes: number, links: number) {
    this.#processes = new WorkerProcesses(CHILD, isLoadAnswer, processes);
    this.#count = processes;
    this.#written = new Array<number>(links).fill(0);
  }

  /** Opens `links` links to the nodes in turn, spread over `processes` processes. */
  static async open(targets: readonly Target[], options: LoadOptions): Promise<Load> {
    const { links, processes, mailboxes = [] } = options;
    const load = new Load(processes, links);
    try {
      const ids = Array.from({ length: links }, (_, id) => id);
      const all = ids.map((id) => ({ id, ...targetAt(targets, id) }));
      await load.#processes.requestAll((process) => ({
        kind: 'open',
        senders: links,
        mailboxes,
        lateUpTo: FIRST_PDUS,
        links: all.filter(({ id }) => load.#processOf(id) === process),
      }));
      return load;
    } catch (error) {
      await load[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Sends `count` PDUs on each of these links at full speed, the first few separately. Resolves
   * when all are written.
   * @throws Error when the first few do not arrive within the deadline.
   */
  async flood(
    ids: readonly number[],
    { count, pduBytes, deadlineMs }: { count: number; pduBytes: number; deadlineMs: number },
  ): Promise<void> {
    await this.#send(ids, { first: 1, count: FIRST_PDUS, pduBytes });
    const { lost } = await this.settle(deadlineMs);
    if (lost > 0)
      throw new Error(`${lost} of the first PDUs have not arrived within ${deadlineMs} ms`);
    await this.#send(ids, { first: FIRST_PDUS + 1, count: count - FIRST_PDUS, pduBytes });
  }

  /** Waits until no PDU is missing, or the deadline has passed; returns the counts. */
  async settle(deadlineMs: number): Promise<LoadReport> {
    const end = performance.now() + deadlineMs;
    for (;;) {
      const report = await this.#report();
      if (report.lost === 0 || performance.now() > end) return report;
      await delay(POLL_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes[Symbol.asyncDispose]();
  }

  async #send(
    ids: readonly number[],
    part: { readonly first: number; readonly count: number; readonly pduBytes: number },
  ): Promise<void> {
    for (const id of ids) this.#written[id] = part.first + part.count - 1;
    await this.#processes.requestAll((process) => ({
      kind: 'flood',
      ...part,
      ids: ids.filter((id) => this.#processOf(id) === process),
    }));
  }

  /** Two consecutive links, which are on different nodes, go to one process. */
  #processOf(id: number): number {
    return Math.floor(id / 2) % this.#count;
  }

  async #report(): Promise<LoadReport> {
    const sum = { openLinks: 0, delivered: 0, lost: 0, doubled: 0, reordered: 0, unexpected: 0 };
    for (const answer of await this.#processes.requestAll(() => ({
      kind: 'report',
      written: this.#written,
    }))) {
      if (answer.kind !== 'report') continue;
      sum.openLinks += answer.report.openLinks;
      sum.delivered += answer.report.delivered;
      sum.lost += answer.report.lost;
      sum.doubled += answer.report.doubled;
      sum.reordered += answer.report.reordered;
      sum.unexpected += answer.report.unexpected;
    }
    return sum;
  }
}

function targetAt(targets: readonly Target[], id: number): Target {
  const target = targets[id % targets.length];
  if (target === undefined) throw new Error('no nodes to send to');
  return { host: target.host, port: target.port };
}
