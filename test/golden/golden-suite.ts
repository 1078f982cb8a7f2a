import { commandName } from '@route/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LinkTarget } from '../harness/index.ts';
import { type Outcome, replay, type Stage } from './replay.ts';
import { corrected } from './right.ts';
import { Stillness } from './stillness.ts';
import { readTraces } from './trace.ts';

const COMMAND_ID_OFFSET = 10;

/**
 * Settings under which traces are replayed. That nobody is heard of for long must not be taken for an
 * answer, so a slow machine shall see no heartbeat of the server's own accord; and users whose links a
 * trace leaves open at its end shall not be announced in the midst of the next one.
 */
export const GOLDEN_ENV = {
  ROUTE_HEARTBEAT_SECONDS: '120',
  ROUTE_LINK_TIMEOUT_SECONDS: '240',
  ROUTE_LOST_GRACE_SECONDS: '0',
} as const;

/** Nodes to replay on, or one way to them for each, ended together. */
export interface Nodes extends AsyncDisposable {
  readonly nodes: readonly LinkTarget[];
}

/** Every trace, one after the other, against nodes that are started once. */
export function goldenSuite(where: string, start: () => Promise<Nodes>): void {
  describe(where, () => {
    const stack = new AsyncDisposableStack();
    let stage: Stage;

    beforeAll(async () => {
      const { nodes } = stack.use(await start());
      stage = { nodes, stillness: stack.use(await Stillness.of(nodes)) };
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

/** Each PDU as one line, every byte of it included: what differs can be read off. */
function readable({ expect: arrivals, closedByServer, heartbeats }: Outcome): object {
  const links = Object.entries(arrivals).map(([link, pdus]) => [
    link,
    pdus.map(({ step, pdu }) => {
      const command = commandName(pdu.readUInt16BE(COMMAND_ID_OFFSET));
      return `step ${step}: ${command} ${pdu.toString('hex')}`;
    }),
  ]);
  return { links: Object.fromEntries(links), closedByServer, heartbeats };
}
