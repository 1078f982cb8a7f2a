import { directed, readable } from '@route/golden-replay';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeEnv, RouteNode } from '../harness/index.ts';
import { DirectedStage } from './directed-stage.ts';
import { GOLDEN_ENV } from './golden-suite.ts';
import { corrected } from './right.ts';
import { readTraces } from './traces.ts';
import { peopled, UNPEOPLED, usersOf } from './with-users.ts';

const DIRECTED_ENV = { ...GOLDEN_ENV, ROUTE_DELIVERY: 'directed' } as const;

/** Nodes that are stopped together. */
export interface RouteNodes extends AsyncDisposable {
  readonly nodes: readonly RouteNode[];
}

/** Replays every trace in turn on directed nodes, which are started once with these settings. */
export function directedSuite(where: string, start: (env: NodeEnv) => Promise<RouteNodes>): void {
  describe(`${where} with directed delivery,`, () => {
    const stack = new AsyncDisposableStack();
    let stage: DirectedStage;

    beforeAll(async () => {
      const { nodes } = stack.use(await start(DIRECTED_ENV));
      stage = stack.use(await DirectedStage.of(nodes));
    });
    afterAll(() => stack.disposeAsync());

    const recorded = readTraces('./');
    const unpeopled = recorded.filter(({ name }) => UNPEOPLED.includes(name));
    test.for(unpeopled)('delivers PDUs to the links of their users: $name', async (trace) => {
      const due = directed(peopled(trace));
      const outcome = await stage.replay(due, usersOf(due));
      expect(readable(outcome)).toEqual(readable(due));
    });

    const right = readTraces('quirks/').map(corrected);
    test.for([...recorded, ...right])('behaves as in broadcast mode: $name', async (trace) => {
      const due = directed(trace);
      expect(readable(await stage.replay(due, []))).toEqual(readable(due));
    });
  });
}
