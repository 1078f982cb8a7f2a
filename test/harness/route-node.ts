import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, waitFor } from '@route/fixtures';
import { type Child, startChild } from '@route/local-cluster';
import { FATAL_LEVEL, LogFile, type LogLine } from './log-lines.ts';
import { type Labels, readMetric } from './prometheus-text.ts';

/** The program that starts a node, relative to the root. */
export const ROUTE_NODE = 'services/route-node/bin/route-node.js';
const START_DEADLINE_MS = 30_000;
const ADMIN_TIMEOUT_MS = 5_000;
const SHOWN_LOG_LINES = 15;

/** Settings of a node, by their names. */
export type NodeEnv = Readonly<Record<string, string>>;

export interface RouteNodeOptions {
  /** Settings; the memory engine and free ports unless they say otherwise. */
  readonly env?: NodeEnv;
  /** What starts the node; this tree's by default. */
  readonly program?: string;
  /** Return at once when the process answers on its admin port, ready or not. Default: wait. */
  readonly waitUntilReady?: boolean;
}

/** How a process ended: one of the two is null. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A route node in a process of its own. At the end of its scope it is killed. */
export class RouteNode implements AsyncDisposable {
  readonly pid: number;
  /** Settles when the process is gone, never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: Child;
  readonly #log: LogFile;
  readonly #folder: string;
  #signalled = false;
  #fatalExpected = false;

  private constructor(child: Child, log: LogFile, folder: string) {
    this.pid = child.pid;
    this.exited = child.exited.then(parseExit);
    this.#child = child;
    this.#log = log;
    this.#folder = folder;
  }

  /** Use {@link startRouteNode}. */
  static async spawn(env: NodeEnv, program = `${ROOT}${ROUTE_NODE}`): Promise<RouteNode> {
    const folder = await mkdtemp(join(tmpdir(), 'route-node-test-'));
    const logFile = join(folder, 'log');
    const settings = {
      ROUTE_ENGINE: 'memory',
      ROUTE_LISTEN: '127.0.0.1:0',
      ROUTE_ADMIN_LISTEN: '127.0.0.1:0',
      ...env,
    };
    try {
      const child = await startChild({
        command: process.execPath,
        args: [program],
        env: { ...environmentWithoutSettings(), ...settings },
        logFile,
      });
      return new RouteNode(child, new LogFile(logFile), folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** All log lines so far. */
  get logs(): readonly LogLine[] {
    return this.#log.lines;
  }

  /** What the process has written that is no log line: a usage message, a crash. */
  get otherOutput(): readonly string[] {
    return this.#log.otherLines;
  }

  /** The node's own id, new at every start. */
  get id(): string {
    return String(this.#firstLine('starting')['node']);
  }

  get host(): string {
    return String(this.#firstLine('listening')['host']);
  }

  /** Where msg_servers connect; throws before the node listens. */
  get port(): number {
    return Number(this.#firstLine('listening')['port']);
  }

  /** `http://host:port`, without a slash at the end. */
  get adminUrl(): string {
    const { host, port } = this.#firstLine('admin-listening');
    return `http://${String(host)}:${Number(port)}`;
  }

  /** Whether the process still runs. */
  get isRunning(): boolean {
    return this.#child.exit() === undefined;
  }

  /** The log lines of one event so far. */
  logsOf(event: string): readonly LogLine[] {
    return this.logs.filter((line) => line.event === event);
  }

  /** Waits for a log line of an event that fulfils a condition. */
  async waitForLog(
    event: string,
    fulfils: (line: LogLine) => boolean = () => true,
    deadlineMs = 10_000,
  ): Promise<LogLine> {
    const what = `a log line '${event}' of node ${this.pid}`;
    return await waitFor(() => this.logsOf(event).find(fulfils), { what, deadlineMs });
  }

  /** Whether /readyz answers 200 now; no answer is no. */
  async ready(): Promise<boolean> {
    try {
      return (await this.#ask('/readyz')).status === 200;
    } catch {
      return false;
    }
  }

  /**
   * A metric's value now: the sum of its samples with these labels.
   * @throws Error when it has no such sample.
   */
  async metric(name: string, labels?: Labels): Promise<number> {
    const answer = await this.#ask('/metrics');
    return readMetric(await answer.text(), name, labels);
  }

  /** Waits until a metric fulfils a condition, and returns its value. */
  async waitForMetric(
    name: string,
    fulfils: (value: number) => boolean,
    { labels, deadlineMs = 10_000 }: { labels?: Labels; deadlineMs?: number } = {},
  ): Promise<number> {
    let value = Number.NaN;
    await waitFor(
      async () => {
        value = await this.metric(name, labels);
        return fulfils(value) || Promise.reject(new Error(`it is ${value}`));
      },
      { what: `${name} ${JSON.stringify(labels ?? {})} of node ${this.pid}`, deadlineMs },
    );
    return value;
  }

  /** Sends a signal; whatever end comes of it is expected. SIGSTOP and SIGCONT do as well. */
  signal(signal: NodeJS.Signals): void {
    this.#signalled ||= signal !== 'SIGSTOP' && signal !== 'SIGCONT';
    this.#child.signal(signal);
  }

  /** Ends it at once, in whatever state it is, and returns when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** From now on an end by itself is what the test is about. */
  expectEnd(): void {
    this.#signalled = true;
  }

  /** From now on a fatal log line, and an end by itself, are what the test is about. */
  expectFatal(): void {
    this.#fatalExpected = true;
  }

  /** Waits until the admin port answers, or until the node is ready. */
  async waitForStart(until: 'admin-listening' | 'ready'): Promise<void> {
    try {
      await waitFor(
        async () => {
          if (!this.isRunning) return true;
          if (until !== 'ready') return this.logsOf(until).length > 0;
          // Its log may lag behind what it does, and tells where it listens.
          return this.logsOf('listening').length > 0 && (await this.ready());
        },
        { what: `a node to be ${until}`, deadlineMs: START_DEADLINE_MS },
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.#lastLines()}`);
    }
    const exit = this.#child.exit();
    if (exit !== undefined) {
      throw new Error(`a node has ended at its start: ${exit}\n${await this.#lastLines()}`);
    }
  }

  /**
   * @throws Error when it ended by itself, or logged a fatal line, and the test did not expect it.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const endedByItself = !this.isRunning && !this.#signalled;
    await this.kill();
    const fatal = this.logs.some(({ level }) => level >= FATAL_LEVEL);
    const lastLines = await this.#lastLines();
    this.#log.finish();
    await rm(this.#folder, { recursive: true, force: true });
    if (this.#fatalExpected || !(fatal || endedByItself)) return;
    const what = fatal ? 'logged a fatal line' : `ended by itself: ${this.#child.exit()}`;
    throw new Error(`node ${this.pid} ${what}\n${lastLines}`);
  }

  #lastLines(): Promise<string> {
    return this.#child.lastLogLines(SHOWN_LOG_LINES);
  }

  #firstLine(event: string): LogLine {
    const [line] = this.logsOf(event);
    if (line === undefined) throw new Error(`node ${this.pid} has not logged '${event}' yet`);
    return line;
  }

  async #ask(path: string): Promise<Response> {
    return await fetch(this.adminUrl + path, { signal: AbortSignal.timeout(ADMIN_TIMEOUT_MS) });
  }
}

/**
 * Starts a route node: `await using node = await startRouteNode({ env })`. It takes free ports.
 * @throws Error with the end of its log when it does not start.
 */
export async function startRouteNode(options: RouteNodeOptions = {}): Promise<RouteNode> {
  const node = await RouteNode.spawn(options.env ?? {}, options.program);
  try {
    await node.waitForStart(options.waitUntilReady === false ? 'admin-listening' : 'ready');
  } catch (error) {
    node.expectFatal();
    await node[Symbol.asyncDispose]();
    throw error;
  }
  return node;
}

/** This process's environment without what a node would read as a setting. */
function environmentWithoutSettings(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(ROUTE_|REDIS_)/.test(name) && name !== 'LOG_LEVEL',
  );
  return Object.fromEntries(kept);
}

/** `exit status 1`, `signal SIGKILL`. */
function parseExit(words: string): ProcessExit {
  const status = /^exit status (\d+)$/.exec(words)?.[1];
  if (status !== undefined) return { code: Number(status), signal: null };
  return { code: null, signal: words.replace(/^signal /, '') };
}
