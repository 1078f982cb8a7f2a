import { readFileSync } from 'node:fs';

/** Resident memory of processes in total, in bytes. Linux only. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((total, pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (kib === undefined) throw new Error(`process ${pid} has no resident memory`);
    return total + Number(kib) * 1024;
  }, 0);
}
