import { type Outcome, replay, type Trace } from '@route/golden-replay';
import { Directing } from '../cluster/directing.ts';
import { openLink, type RouteNode } from '../harness/index.ts';

/** Nodes with directed delivery, to replay on. */
export class DirectedStage implements AsyncDisposable {
  readonly #nodes: readonly RouteNode[];
  readonly #directing: Directing;

  private constructor(nodes: readonly RouteNode[], directing: Directing) {
    this.#nodes = nodes;
    this.#directing = directing;
  }

  static async of(nodes: readonly RouteNode[]): Promise<DirectedStage> {
    return new DirectedStage(nodes, await Directing.of(nodes));
  }

  /** Replays a trace whose links add these users, without a fallback to broadcast. */
  async replay(trace: Trace, users: readonly number[]): Promise<Outcome> {
    const { stillness } = this.#directing;
    const stage = { nodes: this.#nodes, open: openLink, stillness };
    return await this.#directing.inCertainty(async () => {
      if (users.length > 0) await this.#directing.untilNothingIsKept(users);
      return await replay(trace, stage);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directing[Symbol.asyncDispose]();
  }
}
