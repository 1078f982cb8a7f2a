import { waitFor } from '@route/fixtures';
import { expect } from 'vitest';
import { OrderCheck, sendPaced } from '../cluster/numbered-messages.ts';
import type { TestLink } from '../harness/index.ts';

export interface Pace {
  /** Messages of each link in a second. */
  readonly perSecond: number;
  /** Each link sends at least as many. */
  readonly least: number;
}

/**
 * Relays between all links while `meanwhile` runs; expects each message once, in order, on each.
 */
export async function relayExactly(
  links: readonly TestLink[],
  { perSecond, least }: Pace,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const checks = links.map((link) => new OrderCheck(link));
  const count = perSecond / 2;
  let sent = 0;
  let isOver = false;
  const sending = (async () => {
    while (!isOver || sent < least) {
      const first = sent;
      sent += count;
      await Promise.all(
        links.map((link, sender) => sendPaced(link, { sender, first, count, perSecond })),
      );
    }
  })();
  try {
    await meanwhile();
  } finally {
    isOver = true;
    await sending;
  }
  const expected = sent * (links.length - 1);
  for (const check of checks) {
    await waitFor(() => check.count >= expected || Promise.reject(new Error(`${check.count}`)), {
      what: `${expected} messages`,
      deadlineMs: 20_000,
    });
    expect({ count: check.count, problems: check.problems }).toEqual({
      count: expected,
      problems: [],
    });
  }
}
