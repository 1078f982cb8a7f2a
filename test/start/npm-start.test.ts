import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ROOT, sharedRedisUrl, uniqueNamespace, waitFor } from '@route/fixtures';
import { findFreePort, isPortFree } from '@route/local-cluster';
import { expect, test } from 'vitest';

const MAIN = `${ROOT}services/local-cluster/src/main.ts`;

/** The start command as a process, with what it has printed so far. */
class Start implements AsyncDisposable {
  readonly process: ChildProcess;
  output = '';

  constructor(env: NodeJS.ProcessEnv) {
    this.process = spawn(process.execPath, [MAIN], {
      env: {
        ...process.env,
        REDIS_URL: sharedRedisUrl(),
        ROUTE_NAMESPACE: uniqueNamespace(),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
  }

  async exitStatus(): Promise<number | null> {
    const { exitCode, signalCode } = this.process;
    if (exitCode === null && signalCode === null) await once(this.process, 'close');
    return this.process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGTERM');
    await this.exitStatus();
  }
}

/** The first of some neighbouring ports that are all free. */
async function findFreePorts(count: number): Promise<number> {
  return await waitFor(
    async () => {
      const first = await findFreePort();
      for (let port = first; port < first + count; port++) {
        if (!(await isPortFree('127.0.0.1', port))) return undefined;
      }
      return first;
    },
    { what: `${count} neighbouring free ports` },
  );
}

test('the start command runs three ready nodes and stops them on Ctrl-C', async () => {
  const port = await findFreePorts(6);
  const adminPorts = [port + 3, port + 4, port + 5];
  await using start = new Start({
    ROUTE_START_PORT: String(port),
    ROUTE_START_ADMIN_PORT: String(port + 3),
  });
  await waitFor(() => start.output.includes('Ctrl-C stops all of it.'), {
    deadlineMs: 30_000,
    what: 'the table of what runs where',
  });
  expect(start.output).toContain(`RouteServerIP1=127.0.0.1  RouteServerPort1=${port}`);
  for (const adminPort of adminPorts) {
    expect(start.output).toContain(`http://127.0.0.1:${adminPort}/metrics`);
    expect(await fetch(`http://127.0.0.1:${adminPort}/readyz`)).toMatchObject({ status: 200 });
  }

  start.process.kill('SIGINT');
  expect(await start.exitStatus()).toBe(0);
  for (const adminPort of adminPorts) expect(await isPortFree('127.0.0.1', adminPort)).toBe(true);
});

test('a port in use is named, with the way to choose another', async () => {
  const port = await findFreePorts(6);
  await using server = createServer().listen(port + 1, '127.0.0.1');
  await once(server, 'listening');
  await using start = new Start({
    ROUTE_START_PORT: String(port),
    ROUTE_START_ADMIN_PORT: String(port + 3),
  });
  expect(await start.exitStatus()).toBe(1);
  expect(start.output).toContain(
    `Port ${port + 1} on 127.0.0.1, for the links of node 2, is in use.`,
  );
  expect(start.output).toContain(`ROUTE_START_PORT=${port + 100}`);
});
