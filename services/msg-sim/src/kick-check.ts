import type { ClientType } from '@route/link-client';
import type { SimServer } from './sim-server.ts';

interface Login {
  readonly user: number;
  readonly type: ClientType;
  readonly atMs: number;
  readonly server: SimServer;
  /** Servers with an older client, which they must drop. */
  readonly older: readonly SimServer[];
}

/** Time limit of a kick in ms, far above the expected delay. */
const DUE_MS = 5_000;

/** Checks that each login elsewhere closes the older client, on any server. */
export class KickCheck {
  /** Clients dropped as expected. */
  dropped = 0;
  /** Clients that stayed although their servers should have received the kick. */
  lost = 0;
  readonly #servers: readonly SimServer[];
  #logins: Login[] = [];

  constructor(servers: readonly SimServer[]) {
    this.#servers = servers;
  }

  /** Records that a client is about to log in. */
  loggingIn(server: SimServer, user: number, type: ClientType): void {
    const older = this.#servers.filter(
      (other) => other !== server && other.clients.sinceMs(user, type) !== undefined,
    );
    if (older.length === 0 || !server.isJoined) return;
    this.#logins.push({ user, type, atMs: performance.now(), server, older });
  }

  /** Whether every older client under observation is gone. */
  get areAllDropped(): boolean {
    return this.#logins.every(({ user, type, atMs, older }) =>
      older.every(({ clients }) => (clients.sinceMs(user, type) ?? atMs) >= atMs),
    );
  }

  /** Checks the logins that are past the time limit. */
  judge(nowMs: number): void {
    const due = this.#logins.filter(({ atMs }) => nowMs - atMs >= DUE_MS);
    this.#logins = this.#logins.filter(({ atMs }) => nowMs - atMs < DUE_MS);
    for (const { user, type, atMs, server, older } of due) {
      for (const other of older) {
        // The kick may have been lost with a link that was lost since.
        if (server.joinedMs > atMs || other.joinedMs > atMs) continue;
        const sinceMs = other.clients.sinceMs(user, type);
        if (sinceMs === undefined || sinceMs > atMs) this.dropped++;
        else this.lost++;
      }
    }
  }
}
