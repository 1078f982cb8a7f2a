/** Whether a node hears itself, and for how long it has. */
export class Hearing {
  readonly #deafMs: number;
  readonly #onChange: (hearing: boolean) => void;
  #hearing = false;
  #heardAt: number;
  #tickedAt: number;
  #timeMs = 0;

  constructor(deafMs: number, now: number, onChange: (hearing: boolean) => void) {
    this.#deafMs = deafMs;
    this.#onChange = onChange;
    this.#heardAt = now;
    this.#tickedAt = now;
  }

  get hearing(): boolean {
    return this.#hearing;
  }

  /** Milliseconds in which the node heard: it stands still while the node is deaf or stopped. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Something of one's own came back. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#set(true);
  }

  /** The connection is known to be gone. */
  down(): void {
    this.#set(false);
  }

  /** To be called a few times within `deafMs`; true when the node is deaf and should connect anew. */
  tick(now: number): boolean {
    const elapsed = now - this.#tickedAt;
    this.#tickedAt = now;
    if (elapsed > this.#deafMs / 2) {
      // The process was itself stopped, and has yet to read what came meanwhile: that is not deafness.
      this.#heardAt = now;
      return false;
    }
    if (this.#hearing) this.#timeMs += elapsed;
    if (now - this.#heardAt <= this.#deafMs) return false;
    this.#heardAt = now;
    this.#set(false);
    return true;
  }

  #set(hearing: boolean): void {
    if (hearing === this.#hearing) return;
    this.#hearing = hearing;
    this.#onChange(hearing);
  }
}
