/** Returns `count` consecutive user ids. */
export function usersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** The sum of ids: lists of the same length and sum count as equal. */
export function sumOf(userIds: readonly number[]): number {
  return userIds.reduce((sum, id) => sum + id, 0);
}
