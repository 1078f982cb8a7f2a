import type { LinkView } from '@route/admin-api';
import type { Presence } from '@route/presence';
import type { Link } from '../link/link.ts';

/** A link as the API shows it. */
export function linkView(link: Link, presence: Pick<Presence, 'userCountOf'>): LinkView {
  const { protocol } = link;
  return {
    link: link.id,
    peer: link.peer,
    openedAtMs: wallClock(link.openedAtMs),
    role: roleOf(protocol.master),
    counts: protocol.counts,
    state: link.isEnding ? 'ending' : 'open',
    users: presence.userCountOf(link.id),
    receivedPdus: protocol.receivedPdus,
    receivedBytes: link.receivedBytes,
    sentBytes: link.sentBytes,
    unsentBytes: link.unsentBytes,
    pendingPdus: protocol.pendingPdus,
    reading: link.reading,
    silentMs: Math.round(link.silentMs),
  };
}

/** Monotonic milliseconds since 1970. */
export function wallClock(monotonicMs: number): number {
  return Math.round(performance.timeOrigin + monotonicMs);
}

function roleOf(master: boolean | undefined): LinkView['role'] {
  if (master === undefined) return 'none';
  return master ? 'master' : 'slave';
}
