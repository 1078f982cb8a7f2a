import {
  CLIENT_TYPE,
  type ClientStatus,
  type ClientType,
  USER_STATUS,
  type UserStatus,
} from '@route/protocol';
import type { LinkId, Presence, UpdateOutcome, UserState } from '../presence.ts';

/** A client by short names: `client(7, 'windows', 'online')`. */
export function client(
  userId: number,
  type: keyof typeof CLIENT_TYPE,
  status: keyof typeof USER_STATUS,
): ClientStatus {
  return { userId, clientType: CLIENT_TYPE[type], status: USER_STATUS[status] };
}

export const ALL_TYPES: readonly ClientType[] = Object.values(CLIENT_TYPE);
export const ALL_STATUSES: readonly UserStatus[] = Object.values(USER_STATUS);

/** Makes an update and resolves with the outcome. */
export function updateOf(
  presence: Presence,
  link: LinkId,
  update: ClientStatus,
): Promise<UpdateOutcome> {
  return new Promise((resolve) => {
    presence.update(link, update, { updated: (_, outcome) => resolve(outcome) });
  });
}

/** Makes a query and resolves with 1 or 0 per id. */
export function queryOf(
  presence: Presence,
  link: LinkId,
  userIds: readonly number[],
): Promise<number[]> {
  return new Promise((resolve) => {
    presence.query(link, userIds, { answered: (online) => resolve([...online]) });
  });
}

/** An outcome that must be a commit. */
export function committed(outcome: UpdateOutcome): { state: UserState; version: number } {
  if (outcome.kind !== 'committed') throw new Error(`the update was answered '${outcome.kind}'`);
  return outcome;
}

/**
 * Reads a user's state by an update that changes nothing: an OFFLINE that its link never reported.
 */
export async function stateOf(presence: Presence, userId: number): Promise<UserState> {
  const probe = 'probe.0';
  presence.openLink(probe, { standby: false });
  const outcome = updateOf(presence, probe, client(userId, 'android', 'offline'));
  presence.closeLink(probe, 'release');
  return committed(await outcome).state;
}
