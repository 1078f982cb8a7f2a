import { fileURLToPath } from 'node:url';
import type { RunningSubject, Subject } from './subject.ts';
import { startSubjectProcess } from './subject-process.ts';

/** What relaying alone costs on Node: no presence, no limits, no other node. */
export const bareRelay: Subject = {
  name: 'bare relay',
  dialect: 'route',
  relays: true,
  start: () => startProbe('bare-relay', []),
};

/** The load's own ceiling: links are filled as fast as they take it in, by nobody who relays. */
export function loadAlone(pduBytes: number): Subject {
  return {
    name: 'the load alone',
    dialect: 'route',
    relays: false,
    start: () => startProbe('pump', [String(pduBytes)]),
  };
}

/** Runs a program of peers/, which prints the port that it listens on. */
async function startProbe(name: string, args: readonly string[]): Promise<RunningSubject> {
  const program = fileURLToPath(new URL(`../peers/${name}.ts`, import.meta.url));
  const spec = { command: process.execPath, args: [program, ...args] };
  const probe = await startSubjectProcess(spec, /^\d+\n?$/);
  return {
    targets: [{ host: '127.0.0.1', port: Number(probe.told) }],
    pids: [probe.pid],
    [Symbol.asyncDispose]: () => probe[Symbol.asyncDispose](),
  };
}
