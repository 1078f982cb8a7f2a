import { readable, replay, type Stage, Stillness } from '@route/golden-replay';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LinkTarget, openLink } from '../harness/index.ts';
import { corrected } from './right.ts';
import { readTraces } from './traces.ts';

/**
 * Settings for the replay of traces. A long silence counts as an answer, so a slow machine must see
 * no heartbeat of the server. Users whose links a trace leaves open at its end must not be
 * announced during the next trace.
 */
export const GOLDEN_ENV = {
  ROUTE_HEARTBEAT_SECONDS: '120',
  ROUTE_LINK_TIMEOUT_SECONDS: '240',
  ROUTE_OFFLINE_GRACE_SECONDS: '0',
} as const;

/** Nodes to replay on, or one connection for each, stopped together. */
export interface Nodes extends AsyncDisposable {
  readonly nodes: readonly LinkTarget[];
}

/** Replays every trace in turn on nodes that are started once. */
export function goldenSuite(where: string, start: () => Promise<Nodes>): void {
  describe(where, () => {
    const stack = new AsyncDisposableStack();
    let stage: Stage;

    beforeAll(async () => {
      const { nodes } = stack.use(await start());
      const stillness = stack.use(await Stillness.of(nodes, openLink));
      stage = { nodes, open: openLink, stillness };
    });
    afterAll(() => stack.disposeAsync());

    test.for(readTraces('./'))('does as the original did: $name', async (trace) => {
      expect(readable(await replay(trace, stage))).toEqual(readable(trace));
    });

    test.for(readTraces('quirks/'))(
      'does right where the original was wrong: $name',
      async (trace) => {
        const right = corrected(trace);
        expect(readable(await replay(right, stage))).toEqual(readable(right));
      },
    );
  });
}
