import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT, waitFor } from '@route/fixtures';

const MAIN = `${ROOT}services/msg-sim/src/main.ts`;

/** A check as a line of JSON tells of it. */
export interface CheckLine {
  readonly name: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** What the tests read of a line of JSON. */
export interface DemoLine {
  readonly kind: 'second' | 'event' | 'summary';
  readonly text?: string;
  readonly ok?: boolean;
  readonly delivery?: string;
  readonly cutOff?: number;
  readonly checks?: readonly CheckLine[];
  readonly nodes?: readonly {
    readonly address: string;
    readonly links: number;
    readonly pid?: number;
  }[];
  readonly counts?: Readonly<Record<string, number>>;
}

/** The simulator in a process of its own, and what it has printed. */
export class Demo implements AsyncDisposable {
  readonly process: ChildProcess;
  output = '';
  errors = '';

  constructor(flags: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [MAIN, ...flags], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
  }

  /** The lines of JSON so far; the last one may not be whole yet. */
  get lines(): readonly DemoLine[] {
    const whole = this.output.slice(0, this.output.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line): DemoLine => JSON.parse(line));
  }

  /** The last line of a run that has ended. */
  get summary(): DemoLine {
    const last = this.lines.at(-1);
    if (last?.kind !== 'summary') throw new Error(`no summary:\n${this.output}\n${this.errors}`);
    return last;
  }

  /** Names of the checks that did not hold. */
  get failed(): readonly string[] {
    return (this.summary.checks ?? []).filter(({ holds }) => !holds).map(({ name }) => name);
  }

  /** Waits for a line. */
  async line(fulfils: (line: DemoLine) => boolean, what: string): Promise<DemoLine> {
    return await waitFor(() => this.lines.find(fulfils), { what, deadlineMs: 30_000 });
  }

  async exitStatus(): Promise<number | null> {
    const { exitCode, signalCode } = this.process;
    if (exitCode === null && signalCode === null) await once(this.process, 'close');
    return this.process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exitStatus();
  }
}
