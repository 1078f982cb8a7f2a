import { applyUpdate, type ClusterState, EMPTY_STATE, type StateUpdate } from './cluster-state.ts';

/** Minimum time between two redraws, for any number of updates. */
const DRAW_MS = 500;

/** The state of the page; notifies its listener of changes. */
export class Store {
  #state = EMPTY_STATE;
  readonly #changed: (state: ClusterState) => void;
  #timer: number | undefined;

  constructor(changed: (state: ClusterState) => void) {
    this.#changed = changed;
  }

  get state(): ClusterState {
    return this.#state;
  }

  /** Applies an update. */
  apply(update: StateUpdate): void {
    this.#state = applyUpdate(this.#state, update);
    this.#timer ??= window.setTimeout(() => {
      this.#timer = undefined;
      this.#changed(this.#state);
    }, DRAW_MS);
  }

  /** Draws nothing more. */
  stop(): void {
    window.clearTimeout(this.#timer);
  }
}
