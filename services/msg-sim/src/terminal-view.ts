import { styleText } from 'node:util';
import { clockText, latencyText, rateText } from './numbers.ts';
import { renderSummary } from './summary.ts';
import type { CheckLine, NodeLine, Picture, SimEvent, View, Write } from './view.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const SHOWN_EVENTS = 6;
const SPARKS = '▁▂▃▄▅▆▇█';
const SPARK_SECONDS = 40;
const BAR_CELLS = 24;

/** The output of the view. */
export interface Screen {
  readonly write: Write;
  /** Current size in characters. */
  readonly size: () => { readonly columns: number; readonly rows: number };
}

/** Draws a picture that updates in place on an alternate screen. The summary stays after it. */
export class TerminalView implements View {
  readonly everyMs = 500;
  readonly #screen: Screen;
  readonly #seed: number;
  readonly #received: number[] = [];
  #entered = false;
  #headline = 'running; Ctrl-C ends it with a summary';
  #lastSampleSeconds = 0;

  /** `seed` repeats the same users. */
  constructor(screen: Screen, seed: number) {
    this.#screen = screen;
    this.#seed = seed;
  }

  show(picture: Picture): void {
    if (!this.#entered) this.#screen.write(ENTER);
    this.#entered = true;
    this.#sample(picture);
    const { columns, rows } = this.#screen.size();
    const lines = this.#render(picture).slice(0, rows - 1);
    const text = lines.map((line) => cut(line, columns) + CLEAR_TO_LINE_END).join('\n');
    this.#screen.write(`${HOME}${text}${CLEAR_BELOW}`);
  }

  event(_event: SimEvent): void {
    // The next picture shows it.
  }

  settling(): void {
    this.#headline = 'all msg_servers idle; running the last checks ...';
  }

  finish(picture: Picture): void {
    this.leave();
    this.#screen.write(renderSummary(picture));
  }

  /** Restores the terminal. */
  leave(): void {
    if (this.#entered) this.#screen.write(LEAVE);
    this.#entered = false;
  }

  #render(picture: Picture): string[] {
    const { elapsedSeconds, delivery, rates, recent, users, servers, checks, cutOff } = picture;
    return [
      `${styleText('bold', 'msg-sim')}  ${clockText(elapsedSeconds)}  ${styleText('dim', this.#headline)}`,
      '',
      heading('Nodes'),
      ...picture.nodes.map((node) => nodeText(node, servers.all)),
      '',
      heading('Users'),
      `  ${users.online} of ${users.all} users online with ${users.clients} clients, on ${servers.linked} of ${servers.all} msg_servers`,
      `  ${rateText(rates.reports)} reports/s   ${rateText(rates.kicks)} kicks/s   ${rateText(rates.notifications)} notifications/s   ${rateText(rates.queries)} queries/s`,
      '',
      `${heading('Traffic')}  ${styleText('dim', delivery)}`,
      `  ${rateText(rates.sent)} sent/s   ${rateText(rates.received)} received/s   ${styleText('cyan', this.#sparkline())}`,
      `  relay  ${latencyText(recent.relay)}`,
      `  query  ${latencyText(recent.query)}`,
      '',
      heading('Checks'),
      ...checks.map(checkText),
      ...(cutOff > 0
        ? [styleText('dim', `  --    ${cutOff} deliveries were lost with a link, which is allowed`)]
        : []),
      '',
      heading('Events'),
      ...eventLines(picture.events),
      '',
      styleText('dim', this.#hint(picture)),
    ];
  }

  #hint({ nodes }: Picture): string {
    const again = `--seed ${this.#seed} repeats these users`;
    const living = nodes.filter(({ pid }) => pid !== undefined);
    const [first] = living.sort((a, b) => b.links - a.links);
    return first === undefined || living.length < 2
      ? again
      : `See what happens when a node dies: kill -9 ${first.pid}      ${again}`;
  }

  /** One column per second. */
  #sample({ elapsedSeconds, rates }: Picture): void {
    if (elapsedSeconds - this.#lastSampleSeconds < 1) return;
    this.#lastSampleSeconds = elapsedSeconds;
    this.#received.push(rates.received);
    if (this.#received.length > SPARK_SECONDS) this.#received.shift();
  }

  #sparkline(): string {
    const most = Math.max(1, ...this.#received);
    return this.#received
      .map((rate) => SPARKS[Math.min(SPARKS.length - 1, Math.floor((rate / most) * SPARKS.length))])
      .join('');
  }
}

function heading(text: string): string {
  return styleText(['bold', 'underline'], text);
}

function nodeText({ address, links, pid, state }: NodeLine, servers: number): string {
  const cells = Math.round((links / servers) * BAR_CELLS);
  const bar =
    styleText('green', '█'.repeat(cells)) + styleText('dim', '·'.repeat(BAR_CELLS - cells));
  const process = pid === undefined ? '' : `pid ${pid}`;
  const gone = state === 'unreachable' || state === 'ended' ? styleText('red', state) : '';
  return `  ${address.padEnd(21)} ${bar} ${(links === 1 ? '1 link' : `${links} links`).padEnd(10)} ${process}${gone}`;
}

function checkText({ name, holds, detail }: CheckLine): string {
  const mark = holds ? styleText('green', 'ok  ') : styleText(['red', 'bold'], 'FAIL');
  return `  ${mark}  ${name.padEnd(20)} ${styleText(holds ? 'dim' : 'red', detail)}`;
}

function eventLines(events: readonly SimEvent[]): string[] {
  if (events.length === 0) return [styleText('dim', '  nothing yet')];
  return events
    .slice(-SHOWN_EVENTS)
    .map(
      ({ atSeconds, text }) => `  ${styleText('dim', clockText(atSeconds).padStart(7))}  ${text}`,
    );
}

// A control character in a literal would be reported by biome.
const STYLE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Cuts a line to the width, without counting style codes. */
function cut(line: string, columns: number): string {
  let shown = 0;
  let end = 0;
  for (const part of line.split(new RegExp(`(${STYLE.source})`))) {
    const isStyle = part.startsWith('\u001b[');
    if (!isStyle && shown + part.length > columns) {
      return `${line.slice(0, end + columns - shown)}\u001b[0m`;
    }
    if (!isStyle) shown += part.length;
    end += part.length;
  }
  return line;
}
