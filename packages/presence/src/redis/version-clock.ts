/** A version (in microseconds) further ahead of the highest known one was not made by a node. */
const MOST_AHEAD = 86_400_000_000;

/** The highest version that this node knows, even if Redis has lost its own. */
export class VersionClock {
  #highest = 0;

  get highest(): number {
    return this.#highest;
  }

  /** Records a version that Redis has replied. */
  raise(version: number): void {
    this.#highest = Math.max(this.#highest, version);
  }

  /** Records the version of a notification. Returns false if no node can have made it. */
  seen(version: number): boolean {
    const isPossible = Number.isSafeInteger(version) && version >= 0;
    if (!isPossible || version > this.#highest + MOST_AHEAD) return false;
    this.raise(version);
    return true;
  }
}
