/** One line that is overwritten on a terminal; elsewhere each text is a line. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  #shown = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** Replaces the line. */
  show(line: string): void {
    if (!this.#out.isTTY) {
      this.#out.write(`${line}\n`);
      return;
    }
    this.clear();
    this.#out.write(line.slice(0, this.#out.columns - 1));
    this.#shown = true;
  }

  /** Writes a permanent line. */
  say(line: string): void {
    this.clear();
    this.#out.write(`${line}\n`);
  }

  clear(): void {
    if (this.#shown) this.#out.write('\r\x1b[2K');
    this.#shown = false;
  }
}
