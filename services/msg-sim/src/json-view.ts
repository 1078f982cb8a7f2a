import type { Picture, SimEvent } from './picture.ts';
import { allHold, type View, type Write } from './view.ts';

/** One object a line: `second`, `event` and at the end `summary`. */
export class JsonView implements View {
  readonly everyMs = 1_000;
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  show({ overall: _, events: __, ...picture }: Picture): void {
    this.#line({ kind: 'second', ...picture });
  }

  event(event: SimEvent): void {
    this.#line({ kind: 'event', ...event });
  }

  settling(): void {
    // The summary tells what came of it.
  }

  finish(picture: Picture): void {
    const { rates: _, recent: __, ...rest } = picture;
    this.#line({ kind: 'summary', ok: allHold(picture), ...rest });
  }

  #line(value: object): void {
    this.#write(`${JSON.stringify(value)}\n`);
  }
}
