import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { People } from './people.ts';
import type { SimServer } from './sim-server.ts';

/** `login`: all users log in at once. `reconnect`: every link is cut at once, repeatedly. */
export const STORMS = ['login', 'reconnect'] as const;
export type Storm = (typeof STORMS)[number];

const BATCH = 100;
const POLL_MS = 10;

/** Assigns users to servers. */
export interface LoginStorm {
  readonly people: People;
  readonly servers: readonly SimServer[];
  readonly users: number;
}

/**
 * Logs all users in as fast as the nodes accept it. Resolves when the nodes have answered behind
 * the last login; undefined if aborted.
 */
export async function loginStorm(
  { people, servers, users }: LoginStorm,
  signal: AbortSignal,
): Promise<number | undefined> {
  const beganMs = performance.now();
  for (let user = 0; user < users; user++) {
    people.logIn(user);
    if (user % BATCH === 0) await turn();
    while (servers.some(({ mustWait }) => mustWait) && !signal.aborted) await delay(POLL_MS);
    if (signal.aborted) return undefined;
  }
  await Promise.all(servers.map((server) => server.ask([])));
  return (performance.now() - beganMs) / 1000;
}

/**
 * Cuts every link. Resolves when all servers are back and their nodes know all users again;
 * undefined if aborted.
 */
export async function reconnectStorm(
  servers: readonly SimServer[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const beganMs = performance.now();
  for (const server of servers) server.cutLink();
  while (servers.some(({ isJoined, joinedMs }) => !isJoined || joinedMs < beganMs)) {
    if (signal.aborted) return undefined;
    await delay(POLL_MS);
  }
  return (performance.now() - beganMs) / 1000;
}
