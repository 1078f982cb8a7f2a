import v8 from 'node:v8';

/** Code that runs at a moment of virtual time, in the process that scheduled it. */
export class Task {
  at: number;
  order = 0;
  run: () => void;
  readonly process: SimProcess | undefined;
  readonly everyMs: number;
  cancelled = false;

  constructor(
    run: () => void,
    options: { at: number; process: SimProcess | undefined; everyMs: number },
  ) {
    this.run = run;
    this.at = options.at;
    this.process = options.process;
    this.everyMs = options.everyMs;
  }

  /** A timer as Node returns it. */
  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

/** A simulated process of the operating system: its tasks do not run while it is frozen or dead. */
export class SimProcess {
  readonly name: string;
  /** Offset of its wall clock, in ms. */
  clockOffsetMs = 0;
  /** Virtual time in ms that each read of the clock takes: simulates a slow processor. */
  lookMs = 0.001;
  #alive = true;
  #held: Task[] | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get frozen(): boolean {
    return this.#held !== undefined;
  }

  freeze(): void {
    this.#held ??= [];
  }

  /** Resumes; tasks that fell due meanwhile run now, in order. */
  thaw(time: VirtualTime): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (this.#alive) for (const task of held) time.requeue(task);
  }

  kill(): void {
    this.#alive = false;
    this.#held = undefined;
  }

  /** Defers a task that falls due while the process is frozen; returns whether it does. */
  hold(task: Task): boolean {
    this.#held?.push(task);
    return this.#held !== undefined;
  }
}

interface Tick {
  readonly run: (...args: unknown[]) => void;
  readonly args: unknown[];
}

/** Code of the project threw inside a task; a real process would have ended. */
export class ProcessCrash extends Error {
  constructor(process: string, cause: unknown) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`${process} crashed: ${text}`, { cause });
  }
}

v8.setFlagsFromString('--allow-natives-syntax');
/** Runs promise continuations now; does nothing inside a promise. */
const runMicrotasks = new Function('%PerformMicrotaskCheckpoint()');

/** 2026-01-01: value of Date.now() at the virtual time 0. */
const EPOCH_MS = 1_767_225_600_000;

/**
 * One clock and one queue for everything simulated. During a run it replaces the timers, the clocks
 * and the random numbers of the process, so that the code under test uses virtual time only.
 */
export class VirtualTime {
  now = 0;
  /** The process whose code is running. */
  current: SimProcess | undefined;
  tasks = 0;
  /** Whether the running code was deferred to the end of a task. */
  isInTicks = false;
  #order = 0;
  readonly #heap: Task[] = [];
  #ticks: Tick[] = [];

  /** Runs once, `ms` from now, in the current process or a given one. */
  after(ms: number, run: () => void, process: SimProcess | undefined = this.current): Task {
    return this.#push(new Task(run, { at: this.now + ms, process, everyMs: 0 }));
  }

  every(ms: number, run: () => void, process: SimProcess | undefined = this.current): Task {
    return this.#push(new Task(run, { at: this.now + ms, process, everyMs: ms }));
  }

  /** Runs a deferred task now, before later ones; it may wait, because a slow process is behind. */
  requeue(task: Task): void {
    if (!task.cancelled) this.#insert(task);
  }

  /** Runs everything that falls due up to a moment, in order. @throws ProcessCrash */
  runUntil(end: number): void {
    for (;;) {
      const task = this.#heap[0];
      if (task === undefined || task.at > end) break;
      this.#pop();
      if (task.cancelled) continue;
      const { process } = task;
      if (process !== undefined) {
        if (!process.alive || process.hold(task)) continue;
      }
      if (task.at > this.now) this.now = task.at;
      this.tasks++;
      this.#runTask(task);
      if (task.everyMs > 0 && !task.cancelled) {
        task.at = this.now + task.everyMs;
        this.#push(task);
      }
    }
    this.now = Math.max(this.now, end);
  }

  /** Runs code as if a task of a process had called it. @throws ProcessCrash */
  runIn(process: SimProcess | undefined, run: () => void): void {
    const before = this.current;
    this.current = process;
    try {
      run();
    } finally {
      this.current = before;
    }
  }

  /** Monotonic ms of the running process; each read advances time. */
  readonly monotonicMs = (): number => {
    this.now += this.current?.lookMs ?? 0;
    return this.now;
  };

  /**
   * Replaces the real time of this whole process.
   * @returns a function that undoes it.
   */
  install(random: () => number): () => void {
    const undo: (() => void)[] = [];
    const replace = (owner: object, name: string, value: unknown): void => {
      const before = Object.getOwnPropertyDescriptor(owner, name);
      Object.defineProperty(owner, name, { value, configurable: true, writable: true });
      undo.push(() => {
        if (before === undefined) Reflect.deleteProperty(owner, name);
        else Object.defineProperty(owner, name, before);
      });
    };
    const cancel = (timer: unknown): void => {
      if (timer instanceof Task) timer.cancelled = true;
    };
    type Callback = (...args: unknown[]) => void;
    replace(globalThis, 'setTimeout', (run: Callback, ms = 0, ...args: unknown[]) =>
      this.after(Math.max(1, ms), () => run(...args)),
    );
    replace(globalThis, 'setInterval', (run: Callback, ms = 0, ...args: unknown[]) =>
      this.every(Math.max(1, ms), () => run(...args)),
    );
    replace(globalThis, 'setImmediate', (run: Callback, ...args: unknown[]) =>
      this.after(0, args.length === 0 ? run : () => run(...args)),
    );
    for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) {
      replace(globalThis, name, cancel);
    }
    replace(process, 'nextTick', (run: Callback, ...args: unknown[]) => {
      this.#ticks.push({ run, args });
    });
    replace(performance, 'now', this.monotonicMs);
    replace(Date, 'now', () =>
      Math.floor(EPOCH_MS + this.now + (this.current?.clockOffsetMs ?? 0)),
    );
    replace(Math, 'random', random);
    return () => {
      for (const restore of undo.reverse()) restore();
    };
  }

  #runTask(task: Task): void {
    this.current = task.process;
    try {
      task.run();
      this.#drainTicks();
    } catch (error) {
      if (error instanceof ProcessCrash || task.process === undefined) throw error;
      throw new ProcessCrash(task.process.name, error);
    } finally {
      this.current = undefined;
    }
  }

  /** As Node does after each callback: all ticks, then all promises, until there are none. */
  #drainTicks(): void {
    this.isInTicks = true;
    do {
      while (this.#ticks.length > 0) {
        const ticks = this.#ticks;
        this.#ticks = [];
        for (const { run, args } of ticks) run(...args);
      }
      runMicrotasks();
    } while (this.#ticks.length > 0);
    this.isInTicks = false;
  }

  #push(task: Task): Task {
    task.order = this.#order++;
    return this.#insert(task);
  }

  #insert(task: Task): Task {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(task);
    while (at > 0) {
      const up = (at - 1) >>> 1;
      const parent = heap[up];
      if (parent === undefined || !isBefore(task, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = task;
    return task;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let least = heap[child];
      if (least === undefined) break;
      const other = heap[child + 1];
      if (other !== undefined && isBefore(other, least)) {
        child++;
        least = other;
      }
      if (!isBefore(least, last)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
