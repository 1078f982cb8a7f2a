import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A message between the two sides; an answer has the number of its request. */
interface Envelope {
  readonly number: number;
  readonly content?: unknown;
  readonly failed?: string;
}

interface Waiting {
  resolve(content: unknown): void;
  reject(error: Error): void;
}

/** A program of this project in its own process, which answers each request once. */
class WorkerProcess<Request, Answer> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #isAnswer: (message: unknown) => message is Answer;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;

  /** The program calls {@link serveRequests}. */
  constructor(program: URL, isAnswer: (message: unknown) => message is Answer) {
    this.#name = program.pathname.split('/').at(-1) ?? '';
    this.#isAnswer = isAnswer;
    this.#child = fork(program, { execArgv: [] });
    this.#child.on('message', (message: unknown) => {
      if (!isEnvelope(message)) return;
      const waiting = this.#waiting.get(message.number);
      this.#waiting.delete(message.number);
      if (message.failed === undefined) waiting?.resolve(message.content);
      else waiting?.reject(new Error(`${this.#name}: ${message.failed}`));
    });
    this.#child.on('error', (error) => this.#failAll(`cannot be run: ${error.message}`));
    this.#child.on('exit', (code, signal) => this.#failAll(`has ended: ${code ?? signal}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Sends a request. Several can run at once.
   * @throws Error when the request fails, or the process ends before it has answered.
   */
  async request(request: Request): Promise<Answer> {
    const number = ++this.#requests;
    const answered = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
    });
    this.#child.send({ number, content: request });
    const answer = await answered;
    if (!this.#isAnswer(answer)) throw new Error(`${this.#name} answers ${JSON.stringify(answer)}`);
    return answer;
  }

  #failAll(problem: string): void {
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new Error(`${this.#name} ${problem}`));
    }
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.pid === undefined) return;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Several processes of one program that work together. */
export class WorkerProcesses<Request, Answer> implements AsyncDisposable {
  readonly #processes: readonly WorkerProcess<Request, Answer>[];

  constructor(program: URL, isAnswer: (message: unknown) => message is Answer, count: number) {
    this.#processes = Array.from({ length: count }, () => new WorkerProcess(program, isAnswer));
  }

  /** Sends a request to one of them; undefined if the index has none. */
  async request(index: number, request: Request): Promise<Answer | undefined> {
    return await this.#processes[index]?.request(request);
  }

  /** Sends each of them the request for its index. */
  async requestAll(requestOf: (index: number) => Request): Promise<Answer[]> {
    return await Promise.all(
      this.#processes.map((process, index) => process.request(requestOf(index))),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
  }
}

/**
 * Time of the request (monotonic, in ms), and this process's processor time since its start, in ms.
 */
export function ownUsage(): { readonly atMs: number; readonly cpuMs: number } {
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), cpuMs: (user + system) / 1000 };
}

/** Runs in the child process: answers requests, and exits with the parent. */
export function serveRequests<Request>(
  isRequest: (message: unknown) => message is Request,
  answerTo: (request: Request) => Promise<unknown>,
): void {
  process.on('message', (message: unknown) => {
    if (!isEnvelope(message) || !isRequest(message.content)) {
      throw new Error(`received ${JSON.stringify(message)}, expected a request`);
    }
    const { number, content } = message;
    answerTo(content).then(
      (answer) => process.send?.({ number, content: answer }),
      (error: unknown) => process.send?.({ number, failed: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

/**
 * Whether a message is of one of these kinds. Both sides are this program, so checking the kind
 * suffices.
 */
export function isOfKind(message: unknown, kinds: readonly unknown[]): boolean {
  const hasKind = typeof message === 'object' && message !== null && 'kind' in message;
  return hasKind && kinds.includes(message.kind);
}

function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && 'number' in message;
}
