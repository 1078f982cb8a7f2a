import { execFile } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import { findNatsServer } from './subjects/nats.ts';

const run = promisify(execFile);

/** The machine and the versions of a measurement. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  /** The version of nats-server, or a text that it is not installed. */
  readonly nats: string;
}

/** Describes this machine; `redis` is the version text of the Redis in use. */
export async function describeMachine(redis: string): Promise<Machine> {
  const nats = await findNatsServer();
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    redis,
    nats:
      nats === undefined
        ? 'nats-server: not installed'
        : (await run(nats, ['--version'])).stdout.trim(),
  };
}
