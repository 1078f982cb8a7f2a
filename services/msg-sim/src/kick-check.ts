import type { ClientType } from '@route/link-client';
import type { SimServer } from './sim-server.ts';

interface Login {
  readonly user: number;
  readonly type: ClientType;
  readonly atMs: number;
  readonly server: SimServer;
  /** Servers that hold an older client, and must drop it. */
  readonly older: readonly SimServer[];
}

/** How long a kick may take: far longer than it should. */
const DUE_MS = 5_000;

/** Whether each login that moves drives the older client out, on whatever server that is. */
export class KickCheck {
  /** Clients that were dropped as they should be. */
  dropped = 0;
  /** Clients that stayed though their servers should have been told. */
  lost = 0;
  readonly #servers: readonly SimServer[];
  #logins: Login[] = [];

  constructor(servers: readonly SimServer[]) {
    this.#servers = servers;
  }

  /** A client is about to log in. */
  loggingIn(server: SimServer, user: number, type: ClientType): void {
    const older = this.#servers.filter(
      (other) => other !== server && other.clients.sinceMs(user, type) !== undefined,
    );
    if (older.length === 0 || !server.isJoined) return;
    this.#logins.push({ user, type, atMs: performance.now(), server, older });
  }

  /** Whether every older client that is looked at is gone. */
  get areAllDropped(): boolean {
    return this.#logins.every(({ user, type, atMs, older }) =>
      older.every(({ clients }) => (clients.sinceMs(user, type) ?? atMs) >= atMs),
    );
  }

  /** Looks at the logins whose kicks must have come by now. */
  judge(nowMs: number): void {
    const due = this.#logins.filter(({ atMs }) => nowMs - atMs >= DUE_MS);
    this.#logins = this.#logins.filter(({ atMs }) => nowMs - atMs < DUE_MS);
    for (const { user, type, atMs, server, older } of due) {
      for (const other of older) {
        // A link that was lost since may have lost the kick with it.
        if (server.joinedMs > atMs || other.joinedMs > atMs) continue;
        const sinceMs = other.clients.sinceMs(user, type);
        if (sinceMs === undefined || sinceMs > atMs) this.dropped++;
        else this.lost++;
      }
    }
  }
}
