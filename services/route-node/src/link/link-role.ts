/** Changes that take effect at once; one more for each {@link EVERY_MS} without. */
const AT_ONCE = 4;
const EVERY_MS = 1000;

/**
 * The role that a link's msg_server declares, and the one in effect. A change of role counts or
 * releases all users of the link. Many changes in a row are merged, because a few bytes each would
 * otherwise keep the node busy for seconds.
 */
export class LinkRole {
  readonly #changed: (isMaster: boolean) => void;
  #declared: boolean | undefined;
  #isMaster = false;
  #left = AT_ONCE;
  #declaredMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `changed` is called when a role takes effect. */
  constructor(changed: (isMaster: boolean) => void) {
    this.#changed = changed;
  }

  /** Whether the link was last declared master; undefined before any declaration. */
  get declared(): boolean | undefined {
    return this.#declared;
  }

  /** The role in effect. */
  get isMaster(): boolean {
    return this.#isMaster;
  }

  declare(isMaster: boolean): void {
    this.#declared = isMaster;
    if (this.#timer !== undefined) return;
    const now = performance.now();
    this.#left = Math.min(AT_ONCE, this.#left + (now - this.#declaredMs) / EVERY_MS);
    this.#declaredMs = now;
    if (this.#left >= 1) this.#apply();
    else this.#timer = setTimeout(() => this.#apply(), EVERY_MS).unref();
  }

  /** No further role takes effect. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #apply(): void {
    this.#timer = undefined;
    const isMaster = this.#declared === true;
    if (isMaster === this.#isMaster) return;
    this.#left -= 1;
    this.#isMaster = isMaster;
    this.#changed(isMaster);
  }
}
