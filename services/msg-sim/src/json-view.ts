import { allHold, type Picture, type SimEvent, type View, type Write } from './view.ts';

/** Prints one JSON object per line: `second`, `event` and finally `summary`. */
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
    // The summary has the result.
  }

  finish(picture: Picture): void {
    const { rates: _, recent: __, ...rest } = picture;
    this.#line({ kind: 'summary', ok: allHold(picture), ...rest });
  }

  #line(value: object): void {
    this.#write(`${JSON.stringify(value)}\n`);
  }
}
