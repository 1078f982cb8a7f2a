import type { Api } from './api.ts';
import type { NodeAsked, StateUpdate } from './cluster-state.ts';

/** Intervals of the requests, in ticks. */
const TICK_MS = 1000;
const EVERY = { cluster: 2, node: 1, links: 2, totals: 5, events: 2 } as const;
const ASKED = ['node', 'links', 'totals', 'events'] as const satisfies NodeAsked[];

export interface WatcherOptions {
  readonly api: Api;
  /** Live nodes, with the last known event of each. */
  nodes(): readonly { readonly id: string; readonly lastSeq: number }[];
  apply(update: StateUpdate): void;
}

/** Polls the cluster while the page is visible. */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #timer: number;
  /** A request without an answer is not repeated meanwhile. */
  readonly #asking = new Set<string>();
  #tick = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#timer = window.setInterval(() => this.#ask(), TICK_MS);
    void this.#askCluster().then(() => this.#ask());
  }

  stop(): void {
    window.clearInterval(this.#timer);
  }

  #ask(): void {
    if (document.hidden) return;
    const { api, apply, nodes } = this.#options;
    const tick = this.#tick++;
    apply({ kind: 'sample', atMs: Date.now() });
    if (tick > 0 && tick % EVERY.cluster === 0) void this.#askCluster();
    for (const [at, { id, lastSeq }] of nodes().entries()) {
      // Not all nodes in one tick, where that need not be.
      const turn = tick === 0 ? 0 : tick + at;
      const due: Readonly<Record<NodeAsked, () => Promise<StateUpdate>>> = {
        node: async () => ({ kind: 'node', view: await api.node(id) }),
        links: async () => ({ kind: 'links', view: await api.links(id) }),
        totals: async () => ({ kind: 'totals', view: await api.totals(id) }),
        events: async () => ({ kind: 'events', view: await api.events(id, lastSeq) }),
      };
      for (const asked of ASKED) {
        if (turn % EVERY[asked] === 0) void this.#askNode(id, asked, due[asked]);
      }
    }
  }

  async #askNode(node: string, asked: NodeAsked, ask: () => Promise<StateUpdate>): Promise<void> {
    const { apply } = this.#options;
    await this.#once(`${node} ${asked}`, async () => {
      try {
        apply(await ask());
      } catch (error) {
        apply({ kind: 'node-problem', node, asked, problem: textOf(error) });
      }
    });
  }

  async #askCluster(): Promise<void> {
    const { api, apply } = this.#options;
    await this.#once('cluster', async () => {
      try {
        apply({ kind: 'cluster', view: await api.cluster() });
      } catch (error) {
        apply({ kind: 'problem', problem: textOf(error) });
      }
    });
  }

  async #once(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#asking.has(what)) return;
    this.#asking.add(what);
    try {
      await work();
    } finally {
      this.#asking.delete(what);
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
