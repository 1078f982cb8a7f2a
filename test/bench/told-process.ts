import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A program of this project in a process of its own, which answers each order once, in order. */
export class ToldProcess<Order extends object, Answer extends { readonly kind: string }>
  implements AsyncDisposable
{
  readonly #child: ChildProcess;
  readonly #isAnswer: (message: unknown) => message is Answer;
  readonly #name: string;

  constructor(program: URL, isAnswer: (message: unknown) => message is Answer) {
    this.#name = program.pathname.split('/').at(-1) ?? '';
    this.#child = fork(program, { execArgv: [] });
    this.#isAnswer = isAnswer;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws Error when the process ends, or answers that it failed. */
  async tell(order: Order): Promise<Answer> {
    const over = new AbortController();
    try {
      const { signal } = over;
      const ended = once(this.#child, 'exit', { signal }).then(([code, sent]): never => {
        throw new Error(`${this.#name} has ended: ${String(code ?? sent)}`);
      });
      const answered = once(this.#child, 'message', { signal });
      this.#child.send(order);
      const [answer]: unknown[] = await Promise.race([answered, ended]);
      if (!this.#isAnswer(answer)) throw new Error(`${this.#name} says ${JSON.stringify(answer)}`);
      if (answer.kind === 'failed') throw new Error(`${this.#name}: ${JSON.stringify(answer)}`);
      return answer;
    } finally {
      over.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
