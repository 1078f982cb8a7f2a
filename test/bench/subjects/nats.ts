import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findFreePort, findProgram } from '@route/local-cluster';
import type { RunningSubject, Subject } from './subject.ts';
import { type SubjectProcess, startSubjectProcess } from './subject-process.ts';

const HOST = '127.0.0.1';
/** Debian installs it outside of the PATH of users other than root. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];

/** The path of nats-server on this machine, if installed. */
export async function findNatsServer(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return await findProgram(['nats-server'], [...folders, ...MORE_FOLDERS]);
}

/** Returns `count` nats-servers as a subject, or reports that they are not installed. */
export async function installedNats(
  say: (line: string) => void,
): Promise<(count: number) => readonly Subject[]> {
  const program = await findNatsServer();
  if (program !== undefined) return (count) => [natsServers(program, count)];
  say('nats-server is not installed: it is not measured');
  return () => [];
}

/** One nats-server, or several in a cluster, with the package's default settings. */
function natsServers(program: string, count: number): Subject {
  return {
    name: count === 1 ? 'nats-server' : `${count} clustered nats-servers`,
    dialect: 'nats',
    relays: true,
    start: () => start(program, count),
  };
}

async function start(program: string, count: number): Promise<RunningSubject> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'route-bench-nats-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const places: { port: number; clusterPort: number }[] = [];
  for (let i = 0; i < count; i++) {
    places.push({ port: await findFreePort(), clusterPort: await findFreePort() });
  }
  const servers: SubjectProcess[] = [];
  for (const [i, { port, clusterPort }] of places.entries()) {
    const others = places.filter((_, other) => other !== i);
    const routes = others.map((other) => `nats-route://${HOST}:${other.clusterPort}`);
    const config = [
      `host: ${HOST}`,
      `port: ${port}`,
      `server_name: bench-${i}`,
      // Loads do not answer a PING, and are disconnected only after several.
      'ping_interval: "1h"',
      ...(count > 1
        ? [
            `cluster { name: bench, host: ${HOST}, port: ${clusterPort}, routes: [${routes.join(', ')}] }`,
          ]
        : []),
    ];
    const file = join(folder, `${i}.conf`);
    await writeFile(file, `${config.join('\n')}\n`);
    const spec = { command: program, args: ['-c', file] };
    servers.push(stack.use(await startSubjectProcess(spec, /Server is ready/)));
  }
  const held = stack.move();
  return {
    targets: places.map(({ port }) => ({ host: HOST, port })),
    pids: servers.map(({ pid }) => pid),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
