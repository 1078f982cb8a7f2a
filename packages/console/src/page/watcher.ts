import { api } from './api.ts';
import {
  applyUpdate,
  type ClusterState,
  EMPTY_STATE,
  type NodeAsked,
  type StateUpdate,
} from './cluster-state.ts';

/** Intervals of the requests, in ticks. */
const TICK_MS = 1000;
const EVERY = { cluster: 2, node: 1, links: 2, totals: 5, events: 2 } as const;
const ASKED = ['node', 'links', 'totals', 'events'] as const satisfies NodeAsked[];

/** Minimum time between two redraws, for any number of updates. */
const DRAW_MS = 500;

/** Polls the cluster while the page is visible, and tells its listener of changes. */
export class Watcher {
  readonly #changed: (state: ClusterState) => void;
  readonly #timer: number;
  /** A request without an answer is not repeated meanwhile. */
  readonly #asking = new Set<string>();
  #state = EMPTY_STATE;
  #drawTimer: number | undefined;
  #tick = 0;

  constructor(changed: (state: ClusterState) => void) {
    this.#changed = changed;
    this.#timer = window.setInterval(() => this.#ask(), TICK_MS);
    void this.#askCluster().then(() => this.#ask());
  }

  stop(): void {
    window.clearInterval(this.#timer);
    window.clearTimeout(this.#drawTimer);
  }

  #apply(update: StateUpdate): void {
    this.#state = applyUpdate(this.#state, update);
    this.#drawTimer ??= window.setTimeout(() => {
      this.#drawTimer = undefined;
      this.#changed(this.#state);
    }, DRAW_MS);
  }

  #ask(): void {
    if (document.hidden) return;
    const tick = this.#tick++;
    this.#apply({ kind: 'sample', atMs: Date.now() });
    if (tick > 0 && tick % EVERY.cluster === 0) void this.#askCluster();
    const live = this.#state.nodes.filter(({ entry }) => entry.alive);
    for (const [at, { entry, lastSeq }] of live.entries()) {
      const id = entry.node;
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
    await this.#once(`${node} ${asked}`, async () => {
      try {
        this.#apply(await ask());
      } catch (error) {
        this.#apply({ kind: 'node-problem', node, asked, problem: textOf(error) });
      }
    });
  }

  async #askCluster(): Promise<void> {
    await this.#once('cluster', async () => {
      try {
        this.#apply({ kind: 'cluster', view: await api.cluster() });
      } catch (error) {
        this.#apply({ kind: 'problem', problem: textOf(error) });
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
