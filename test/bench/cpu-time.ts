import { readFileSync } from 'node:fs';

/** What /proc counts processor time in on Linux, whatever the machine. */
const TICKS_PER_SECOND = 100;
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

/** Processor seconds that processes have used since their start; those that are gone count nothing. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + ticksOf(pid) / TICKS_PER_SECOND, 0);
}

function ticksOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return 0;
  }
  // The second field is the program's name in brackets and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD]);
}

/** Processors that processes keep busy while something is done. */
export async function coresDuring<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cores: number }> {
  const startMs = performance.now();
  const startCpu = cpuSeconds(pids);
  const result = await work();
  const seconds = (performance.now() - startMs) / 1000;
  return { result, cores: (cpuSeconds(pids) - startCpu) / seconds };
}
