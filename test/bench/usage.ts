import { readFileSync } from 'node:fs';
import { askServer } from '@route/fixtures';
import { type FigureSpec, OTHER_CORES, type Reading } from './scenario.ts';

/** Unit of processor time in /proc on Linux, on any machine. */
const TICKS_PER_SECOND = 100;

/** Processes whose processor time is separated from the rest of the machine's. */
export interface Watched {
  /** The subject. */
  readonly pids: readonly number[];
  /** The Redis that it uses, if any. */
  readonly redisPort?: number;
}

/** Processors kept busy, on average, during an action. */
export interface Usage {
  readonly subjectCores: number;
  readonly redisCores: number;
  /** All user and system time, and time stolen by the machine's host. */
  readonly machineCores: number;
}

/** The figures of {@link coresReading}. */
export const CORES_FIGURES: readonly FigureSpec[] = [
  { key: 'subjectCores', heading: 'itself', digits: 2, kind: 'cores' },
  { key: 'redisCores', heading: 'Redis', digits: 2, kind: 'cores' },
  { key: 'loadCores', heading: 'load', digits: 2, kind: 'cores', limitAt: 0.9 },
  { key: OTHER_CORES, heading: 'others', digits: 2, kind: 'cores' },
];

/** Usage, and the load's own, as part of a reading. */
export function coresReading(usage: Usage, loadCores: number, watched: Watched): Reading {
  const { subjectCores, redisCores, machineCores } = usage;
  return {
    subjectCores,
    ...(watched.redisPort !== undefined && { redisCores }),
    loadCores,
    [OTHER_CORES]: Math.max(0, machineCores - subjectCores - redisCores - loadCores),
  };
}

/** Runs an action and returns the processor time used meanwhile. */
export async function usageDuring<T>(
  watched: Watched,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly usage: Usage }> {
  const before = await look(watched);
  const result = await work();
  const after = await look(watched);
  const seconds = (after.atMs - before.atMs) / 1000;
  return {
    result,
    usage: {
      subjectCores: (after.subject - before.subject) / seconds,
      redisCores: (after.redis - before.redis) / seconds,
      machineCores: (after.machine - before.machine) / seconds,
    },
  };
}

/** Seconds of processor time so far. */
interface Look {
  readonly atMs: number;
  readonly subject: number;
  readonly redis: number;
  readonly machine: number;
}

async function look({ pids, redisPort }: Watched): Promise<Look> {
  const redis = redisPort === undefined ? 0 : await redisSeconds(redisPort);
  const atMs = performance.now();
  return { atMs, redis, subject: cpuSeconds(pids), machine: machineSeconds() };
}

/** Processor seconds used by processes since their start; exited ones count 0. */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + ticksOf(pid) / TICKS_PER_SECOND, 0);
}

function ticksOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return 0;
  }
  // The second field is the program's name in brackets and may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [fields[11], fields[12]];
  return Number(user) + Number(system);
}

function machineSeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + steal) / TICKS_PER_SECOND;
}

async function redisSeconds(port: number): Promise<number> {
  const [info = ''] = await askServer(port, ['INFO', 'cpu']);
  const value = (name: string): number =>
    Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? 0);
  return value('used_cpu_user') + value('used_cpu_sys');
}

/** Resident memory of processes in total, in bytes. Linux only. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((total, pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (kib === undefined) throw new Error(`process ${pid} has no resident memory`);
    return total + Number(kib) * 1024;
  }, 0);
}
