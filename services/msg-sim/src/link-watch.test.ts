import type { LinkDown } from '@route/link-client';
import { expect, test, vi } from 'vitest';
import { LinkWatch } from './link-watch.ts';

function lost(address: string, more: Partial<LinkDown> = {}): LinkDown {
  return { address, wasUp: true, reason: 'broken', detail: undefined, retryMs: 1_000, ...more };
}

/** A watch without servers, and its messages once all collected losses are reported. */
function watched(downs: readonly LinkDown[]): string[] {
  vi.useFakeTimers();
  try {
    const told: string[] = [];
    const tell = (text: string): void => {
      told.push(text);
    };
    const watch = new LinkWatch({ addresses: ['a:1', 'b:2'], servers: [], tell });
    for (const down of downs) watch.down(down);
    vi.advanceTimersByTime(1_000);
    return told;
  } finally {
    vi.useRealTimers();
  }
}

test('reports links of one address that are lost together in one message', () => {
  const reset = lost('a:1');
  expect(watched([reset, lost('b:2', { reason: 'closed-by-node' }), reset])).toEqual([
    'a:1: 2 links lost (broken)',
    'b:2: 1 link lost (closed-by-node)',
  ]);
});

test('does not count failed attempts and the final close as losses', () => {
  expect(watched([lost('a:1', { wasUp: false }), lost('a:1', { retryMs: undefined })])).toEqual([]);
});

test('marks a refusing address unreachable and other addresses idle', () => {
  const watch = new LinkWatch({ addresses: ['a:1', 'b:2'], servers: [], tell: () => {} });
  watch.down(lost('a:1', { wasUp: false, reason: 'connect-failed' }));
  expect(watch.nodes.map(({ state }) => state)).toEqual(['unreachable', 'idle']);
});
