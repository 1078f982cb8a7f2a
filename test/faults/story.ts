import type { RouteNode } from '../harness/index.ts';

/** What happens all the time and explains nothing. */
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
/** Where hours to milliseconds stand in an ISO time. */
const TIME_FROM = 11;
const TIME_TO = 23;

/** What a test did and what the nodes logged, in the order of time: printed when a test fails. */
export class Story {
  readonly #notes: { readonly time: string; readonly text: string }[] = [];
  #text = '';

  /** Something that the test does now. */
  note(text: string): void {
    this.#notes.push({ time: new Date().toISOString(), text: `-- ${text}` });
  }

  /** What {@link end} found; empty before. */
  get text(): string {
    return this.#text;
  }

  /** Ends the story: what the nodes log when everything is taken down belongs to it no longer. */
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
