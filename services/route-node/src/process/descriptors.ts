import { readdir, readFile } from 'node:fs/promises';

/** File descriptors of this process. */
export interface Descriptors {
  readonly open: number;
  /** How many the system allows (`ulimit -n`). */
  readonly limit: number;
}

/**
 * Counts this process's descriptors; undefined except on Linux.
 * @throws Error with code EMFILE or ENFILE where none is left to count with.
 */
export async function readDescriptors(): Promise<Descriptors | undefined> {
  try {
    const [names, limits] = await Promise.all([
      readdir('/proc/self/fd'),
      readFile('/proc/self/limits', 'utf8'),
    ]);
    const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
    return soft === undefined ? undefined : { open: names.length, limit: Number(soft) };
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error;
    return undefined;
  }
}

/** Whether an error means that the process, or the machine, has no descriptor left. */
export function isOutOfDescriptors(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  return error.code === 'EMFILE' || error.code === 'ENFILE';
}

const RESERVE_PART = 1 / 8;
const LEAST_RESERVE = 16;
const MOST_RESERVE = 256;

/** Descriptors reserved for the admin port, new Redis connections, and files. */
export function reservedDescriptors(limit: number): number {
  return Math.max(LEAST_RESERVE, Math.min(MOST_RESERVE, Math.floor(limit * RESERVE_PART)));
}
