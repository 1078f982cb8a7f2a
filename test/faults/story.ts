import type { RouteNode } from '../harness/index.ts';

/** What happens all the time and explains nothing. */
const DULL = new Set(['link-opened', 'starting', 'admin-listening', 'waiting-for-redis', 'ready']);
const MOST_LINES = 120;

/** What a test did and what the nodes logged, in the order of time: printed when a test fails. */
export class Story {
  readonly #notes: { readonly time: string; readonly text: string }[] = [];

  /** Something that the test does now. */
  note(text: string): void {
    this.#notes.push({ time: new Date().toISOString(), text: `-- ${text}` });
  }

  /** The whole story, its end where it is long. */
  tell(nodes: readonly RouteNode[]): string {
    const logged = nodes.flatMap((node, index) =>
      node.logs
        .filter(({ event }) => !DULL.has(event))
        .map(({ time, node: _, level, ...rest }) => ({
          time: String(time),
          text: `node ${index} ${level} ${JSON.stringify(rest)}`,
        })),
    );
    const lines = [...this.#notes, ...logged].sort((a, b) => (a.time < b.time ? -1 : 1));
    return lines
      .slice(-MOST_LINES)
      .map(({ time, text }) => `${time.slice(11, 23)} ${text}\n`)
      .join('');
  }
}
