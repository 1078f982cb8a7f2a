/** So many user ids from one on. */
export function usersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** The sum of ids: two lists of the same length and sum are taken for the same. */
export function sumOf(userIds: readonly number[]): number {
  return userIds.reduce((sum, id) => sum + id, 0);
}
