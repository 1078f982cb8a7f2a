import { ROOT, waitFor } from '@route/fixtures';
import { type Child, findFreePort, startChild } from '@route/local-cluster';
import { type Labels, type LinkTarget, type NodeEnv, ROUTE_NODE } from '../harness/index.ts';
import { readMetric } from '../harness/prometheus-text.ts';

const HOST = '127.0.0.1';
const ASK_TIMEOUT_MS = 5000;

export interface BareNodeOptions {
  /** Settings; the memory engine unless they say otherwise. */
  readonly env?: NodeEnv;
  /**
   * What the node's standard output and error go to: a file, a device or a FIFO that has a reader.
   */
  readonly output: string;
  /** What starts the node; this tree's by default. */
  readonly program?: string;
  /** The soft and hard limit of file descriptors. */
  readonly maxDescriptors?: number;
}

/** A route node on chosen ports, without a readable log. Killed at the end of its scope. */
export class BareNode implements AsyncDisposable, LinkTarget {
  readonly host = HOST;
  readonly port: number;
  readonly adminUrl: string;
  readonly #child: Child;

  constructor(child: Child, port: number, adminPort: number) {
    this.#child = child;
    this.port = port;
    this.adminUrl = `http://${HOST}:${adminPort}`;
  }

  /** Settles with how the process ended, in words. */
  get exited(): Promise<string> {
    return this.#child.exited;
  }

  get pid(): number {
    return this.#child.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal);
  }

  /** What the admin port answers. */
  async ask(path: string): Promise<Response> {
    return await fetch(this.adminUrl + path, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
  }

  /** A metric's value now: the sum of its samples with these labels. */
  async metric(name: string, labels?: Labels): Promise<number> {
    return readMetric(await (await this.ask('/metrics')).text(), name, labels);
  }

  /** The names of the events in the node's event list, oldest first. */
  async events(): Promise<readonly { event: string; facts: Record<string, unknown> }[]> {
    const answer = await this.ask('/api/v1/events?limit=2000');
    const { events } = JSON.parse(await answer.text());
    return events;
  }

  async waitUntilReady(): Promise<void> {
    await waitFor(async () => (await this.ask('/readyz')).status === 200, {
      what: `node ${this.pid} to be ready`,
      deadlineMs: 20_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.signal('SIGKILL');
    await this.#child.exited;
  }
}

/** Starts a node; resolves when it is ready: `await using node = await startBareNode(...)`. */
export async function startBareNode(options: BareNodeOptions): Promise<BareNode> {
  const [port, adminPort] = [await findFreePort(), await findFreePort()];
  const limit = options.maxDescriptors === undefined ? '' : `ulimit -n ${options.maxDescriptors};`;
  const child = await startChild({
    command: 'sh',
    args: [
      '-c',
      `${limit} exec "$0" "$@"`,
      process.execPath,
      options.program ?? `${ROOT}${ROUTE_NODE}`,
    ],
    env: {
      PATH: process.env['PATH'],
      ROUTE_ENGINE: 'memory',
      ROUTE_LISTEN: `${HOST}:${port}`,
      ROUTE_ADMIN_LISTEN: `${HOST}:${adminPort}`,
      ...options.env,
    },
    logFile: options.output,
  });
  const node = new BareNode(child, port, adminPort);
  try {
    await node.waitUntilReady();
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
  return node;
}
