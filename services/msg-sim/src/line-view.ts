import { clockText, latencyText, rateText } from './numbers.ts';
import { renderSummary } from './summary.ts';
import type { Picture, SimEvent, View, Write } from './view.ts';

/** Prints plain lines for a log or a pipe: a few figures at intervals, and events. */
export class LineView implements View {
  readonly everyMs = 5_000;
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  show({ elapsedSeconds, servers, users, rates, recent, checks, cutOff }: Picture): void {
    const failed = checks.filter(({ holds }) => !holds);
    const verdict =
      failed.length === 0
        ? 'checks ok'
        : `FAILED: ${failed.map(({ name, detail }) => `${name} (${detail})`).join(', ')}`;
    const figures = [
      `${servers.linked}/${servers.all} linked`,
      `${users.online} users online`,
      `${rateText(rates.sent)} sent/s`,
      `${rateText(rates.received)} received/s`,
      latencyText(recent.relay),
      ...(cutOff > 0 ? [`${cutOff} cut off`] : []),
      verdict,
    ];
    this.#write(`${clockText(elapsedSeconds)}  ${figures.join(', ')}\n`);
  }

  event({ atSeconds, text }: SimEvent): void {
    this.#write(`${clockText(atSeconds)}  ${text}\n`);
  }

  settling(): void {
    this.#write('all msg_servers idle; running the last checks ...\n');
  }

  finish(picture: Picture): void {
    this.#write(renderSummary(picture));
  }
}
