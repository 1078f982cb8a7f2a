import type { Api } from './api.ts';
import type { Told } from './cluster-state.ts';

/** How often each thing is asked for, in ticks. */
const TICK_MS = 1000;
const EVERY = { cluster: 2, node: 1, links: 2, totals: 5, events: 2 } as const;

export interface WatcherOptions {
  readonly api: Api;
  /** The nodes that live, with the last event known of each. */
  nodes(): readonly { readonly id: string; readonly lastSeq: number }[];
  tell(told: Told): void;
}

/** Asks again and again how the cluster is, while somebody looks. */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #timer: number;
  /** What has not been answered is not asked again meanwhile. */
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
    const { api, tell, nodes } = this.#options;
    const tick = this.#tick++;
    tell({ kind: 'sample', atMs: Date.now() });
    if (tick > 0 && tick % EVERY.cluster === 0) void this.#askCluster();
    for (const [at, { id, lastSeq }] of nodes().entries()) {
      // Not all nodes in one tick, where that need not be.
      const turn = tick === 0 ? 0 : tick + at;
      void this.#once(`${id} node`, async () => {
        try {
          tell({ kind: 'node', view: await api.node(id) });
        } catch (error) {
          tell({ kind: 'node-problem', node: id, problem: textOf(error) });
        }
      });
      // A node that does not answer has said so above.
      if (turn % EVERY.links === 0) {
        this.#quietly(`${id} links`, async () => {
          tell({ kind: 'links', view: await api.links(id) });
        });
      }
      if (turn % EVERY.totals === 0) {
        this.#quietly(`${id} totals`, async () => {
          tell({ kind: 'totals', view: await api.totals(id) });
        });
      }
      if (turn % EVERY.events === 0) {
        this.#quietly(`${id} events`, async () => {
          tell({ kind: 'events', view: await api.events(id, lastSeq) });
        });
      }
    }
  }

  async #askCluster(): Promise<void> {
    const { api, tell } = this.#options;
    await this.#once('cluster', async () => {
      try {
        tell({ kind: 'cluster', view: await api.cluster() });
      } catch (error) {
        tell({ kind: 'problem', problem: textOf(error) });
      }
    });
  }

  #quietly(what: string, work: () => Promise<void>): void {
    void this.#once(what, () => work().catch(() => undefined));
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
