import type { RouteNode } from '../harness/index.ts';

/** Frequent events that explain nothing. */
const DULL = new Set([
  'link-opened',
  'starting',
  'admin-listening',
  'waiting-for-redis',
  'ready',
  'not-ready',
]);
const ENDED_BY_THE_TEST = 'peer-closed';
const MOST_LINES = 120;
/** Position of hours to milliseconds in an ISO time. */
const TIME_FROM = 11;
const TIME_TO = 23;

/** The actions of a test and the nodes' log lines, in order of time. Printed when a test fails. */
export class Story {
  readonly #notes: { readonly time: string; readonly text: string }[] = [];
  #text = '';

  /** Records an action of the test. */
  note(text: string): void {
    this.#notes.push({ time: new Date().toISOString(), text: `-- ${text}` });
  }

  /** The result of {@link end}; empty before. */
  get text(): string {
    return this.#text;
  }

  /** Ends the log: lines from the shutdown of the scene do not belong to it. */
  end(nodes: readonly RouteNode[]): void {
    const logged = nodes.flatMap((node, index) =>
      node.logs
        .filter(
          ({ event, ...fields }) => !DULL.has(event) && fields['reason'] !== ENDED_BY_THE_TEST,
        )
        .map(({ time, node: _, level, ...rest }) => ({
          time: String(time),
          text: `node ${index} ${level} ${JSON.stringify(rest)}`,
        })),
    );
    const lines = [...this.#notes, ...logged].sort((a, b) => (a.time < b.time ? -1 : 1));
    this.#text = lines
      .slice(-MOST_LINES)
      .map(({ time, text }) => `${time.slice(TIME_FROM, TIME_TO)} ${text}\n`)
      .join('');
  }
}
