import { ToldProcess } from './told-process.ts';

/** Several processes of one program, which are told together. */
export class ToldProcesses<Order, Answer> implements AsyncDisposable {
  readonly #processes: readonly ToldProcess<Order, Answer>[];

  constructor(program: URL, isAnswer: (message: unknown) => message is Answer, count: number) {
    this.#processes = Array.from({ length: count }, () => new ToldProcess(program, isAnswer));
  }

  /** Tells one of them; undefined where there is none at that place. */
  async tell(place: number, order: Order): Promise<Answer | undefined> {
    return await this.#processes[place]?.tell(order);
  }

  /** Tells each of them what is for its place. */
  async tellAll(orderOf: (place: number) => Order): Promise<Answer[]> {
    return await Promise.all(this.#processes.map((process, place) => process.tell(orderOf(place))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
  }
}

/** When it is asked (monotonic, in ms), and the processor time of this process since its start, in ms. */
export function ownUsage(): { readonly atMs: number; readonly cpuMs: number } {
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), cpuMs: (user + system) / 1000 };
}
