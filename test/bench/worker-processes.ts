import { ToldProcess } from './worker-process.ts';

/** Several processes of one program that work together. */
export class ToldProcesses<Order, Answer> implements AsyncDisposable {
  readonly #processes: readonly ToldProcess<Order, Answer>[];

  constructor(program: URL, isAnswer: (message: unknown) => message is Answer, count: number) {
    this.#processes = Array.from({ length: count }, () => new ToldProcess(program, isAnswer));
  }

  /** Sends an order to one of them; undefined where the index has none. */
  async tell(place: number, order: Order): Promise<Answer | undefined> {
    return await this.#processes[place]?.tell(order);
  }

  /** Sends each of them the order for its index. */
  async tellAll(orderOf: (place: number) => Order): Promise<Answer[]> {
    return await Promise.all(this.#processes.map((process, place) => process.tell(orderOf(place))));
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
