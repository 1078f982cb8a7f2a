/** A user announced offline after the grace. */
export interface BackUser {
  readonly userId: number;
  /** The version of the offline announcement, as Redis writes it. */
  readonly toldVersion: string;
}

/** @throws Error when the reply of a script is not a list. */
export function listOf(reply: unknown, script: string): readonly unknown[] {
  if (!Array.isArray(reply)) throw new Error(`${script} replied ${String(reply)}, expected a list`);
  return reply;
}

/** Returns the items of a list as text; none if it is not a list. */
export function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

/** Splits a flat list into pairs. A last item without a partner is dropped. */
export function pairs(flat: unknown): (readonly [string, string])[] {
  const list = texts(flat);
  const found: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) found.push([list[i] ?? '', list[i + 1] ?? '']);
  return found;
}

/** Splits a flat list of user ids, each with a value. Invalid user ids are skipped. */
export function userPairs(flat: unknown): (readonly [number, string])[] {
  return pairs(flat)
    .filter(([user]) => isUserId(user))
    .map(([user, value]) => [Number(user), value]);
}

/** Parses users with the versions of their offline announcements. */
export function parseBack(flat: unknown): readonly BackUser[] {
  return userPairs(flat).map(([userId, toldVersion]) => ({ userId, toldVersion }));
}

/** Whether a text is a user id as nodes write it. */
export function isUserId(text: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) <= 0xffff_ffff;
}
