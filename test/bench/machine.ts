import { execFile } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import { findNatsServer } from './subjects/nats.ts';

const run = promisify(execFile);

/** Where figures were measured, and with what. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  /** What nats-server says of itself, or that it is not installed. */
  readonly nats: string;
}

/** Describes this machine; `redis` is what the Redis that is used says of its version. */
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
