import { setTimeout as delay } from 'node:timers/promises';
import type { OpenLink, ReplayLink, ReplayTarget } from './replay-link.ts';
import type { Stillness } from './stillness.ts';
import type { Arrival, Step, Trace } from './trace.ts';

/**
 * Time limit for an expected PDU in ms; then the replay continues, and the comparison shows what is
 * missing.
 */
const ARRIVAL_DEADLINE_MS = 10_000;
const POLL_MS = 5;

/** The result of a replay, in the form of a trace. */
export type Outcome = Pick<Trace, 'expect' | 'closedByServer' | 'heartbeats'>;

/** The options of a replay. */
export interface Stage {
  /** The trace's links go to these in turn. */
  readonly nodes: readonly ReplayTarget[];
  readonly open: OpenLink;
  readonly stillness: Stillness;
}

/** Runs a trace's steps one by one and records what each link receives after each. */
export async function replay(trace: Trace, stage: Stage): Promise<Outcome> {
  await using run = new Replay(trace, stage);
  for (const [index, step] of trace.steps.entries()) await run.step(index, step);
  return run.outcome;
}

class Replay implements AsyncDisposable {
  readonly #trace: Trace;
  readonly #stage: Stage;
  readonly #links = new Map<string, ReplayLink>();
  readonly #arrivals: Record<string, Arrival[]>;
  readonly #closed: Record<string, number> = {};
  /** An expected PDU is missing: later ones are not waited for. */
  #missing = false;

  constructor(trace: Trace, stage: Stage) {
    this.#trace = trace;
    this.#stage = stage;
    this.#arrivals = Object.fromEntries(trace.links.map((name) => [name, []]));
  }

  get outcome(): Outcome {
    const heartbeats = [...this.#links.values()].reduce((sum, link) => sum + link.heartbeats, 0);
    return {
      expect: this.#arrivals,
      closedByServer: this.#closed,
      heartbeats: this.#trace.heartbeats === undefined ? undefined : heartbeats,
    };
  }

  async step(index: number, step: Step): Promise<void> {
    await this.#carryOut(step);
    await this.#waitForExpected(index);
    await this.#stage.stillness.reached([...this.#links.values()]);
    for (const [name, link] of this.#links) {
      const arrivals = this.#arrivals[name] ?? [];
      const fresh = link.received.slice(arrivals.length);
      arrivals.push(...fresh.map(({ bytes }) => ({ step: index, pdu: bytes })));
      if (link.serverClose !== undefined) this.#closed[name] ??= index;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link[Symbol.asyncDispose]()));
  }

  async #carryOut(step: Step): Promise<void> {
    switch (step.kind) {
      case 'open': {
        const { nodes, open } = this.#stage;
        const node = nodes[this.#trace.links.indexOf(step.link) % nodes.length];
        if (node === undefined) throw new Error('no nodes to replay on');
        this.#links.set(step.link, await open(node));
        return;
      }
      case 'close':
        return await this.#link(step.link).close();
      case 'send':
        return await this.#link(step.link).sendSplit(step.bytes, step.split);
      case 'wait':
        // The length of the silence is part of the trace.
        return await delay(step.ms);
    }
  }

  #link(name: string): ReplayLink {
    const link = this.#links.get(name);
    if (link === undefined) throw new Error(`link ${name} is used before it is opened`);
    return link;
  }

  async #waitForExpected(index: number): Promise<void> {
    const hasCome = (): boolean =>
      [...this.#links].every(([name, link]) => {
        const due = (this.#trace.expect[name] ?? []).filter(({ step }) => step <= index).length;
        const closes = this.#trace.closedByServer[name] === index;
        return link.received.length >= due && (!closes || link.serverClose !== undefined);
      });
    const end = performance.now() + ARRIVAL_DEADLINE_MS;
    while (!this.#missing && !hasCome()) {
      if (performance.now() > end) this.#missing = true;
      await delay(POLL_MS);
    }
  }
}
