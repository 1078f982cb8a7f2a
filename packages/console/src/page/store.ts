import { type ClusterState, EMPTY_STATE, type Told, tell } from './cluster-state.ts';

/** The page is drawn anew so often at the most, whatever comes in between. */
const DRAW_MS = 500;

/** What the page knows; tells its listener when there is something to draw. */
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

  /** Takes in what the page has been told. */
  tell(told: Told): void {
    this.#state = tell(this.#state, told);
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
