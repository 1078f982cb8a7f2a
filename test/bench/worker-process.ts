import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A message between the two sides: orders and answers have the same number. */
interface Envelope {
  readonly number: number;
  readonly content?: unknown;
  readonly failed?: string;
}

interface Waiting {
  resolve(content: unknown): void;
  reject(error: Error): void;
}

/** A program of this project in its own process, which answers each order once. */
export class ToldProcess<Order, Answer> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #isAnswer: (message: unknown) => message is Answer;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #orders = 0;

  /** The program calls {@link obeyOrders}. */
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
   * Sends an order. Several can run at once.
   * @throws Error when the order fails, or the process ends before it has answered.
   */
  async tell(order: Order): Promise<Answer> {
    const number = ++this.#orders;
    const answered = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
    });
    this.#child.send({ number, content: order });
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

/** Runs in the child process: carries out orders, and ends with the parent. */
export function obeyOrders<Order>(
  isOrder: (message: unknown) => message is Order,
  obey: (order: Order) => Promise<unknown>,
): void {
  process.on('message', (message: unknown) => {
    if (!isEnvelope(message) || !isOrder(message.content)) {
      throw new Error(`received ${JSON.stringify(message)}, expected an order`);
    }
    const { number, content } = message;
    obey(content).then(
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
