/** Random numbers that a seed repeats (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to but not including 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to but not including `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Any number from `least` up to but not including `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of them. @throws Error when there is none. */
  pick<T>(choices: readonly T[]): T {
    const choice = this.pickIfAny(choices);
    if (choice === undefined) throw new Error('there is nothing to choose from');
    return choice;
  }

  /** One of them; undefined when there is none. */
  pickIfAny<T>(choices: readonly T[]): T | undefined {
    return choices[this.below(choices.length)];
  }

  /**
   * One of the names, each as often as its weight says.
   * @throws Error when no weight is above 0.
   */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries<number>(weights);
    let draw = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      draw -= weight;
      if (draw < 0 && isKey(weights, name)) return name;
    }
    throw new Error('there is nothing to choose from');
  }

  /** A generator of its own, so that what it is used for does not disturb other draws. */
  fork(): Random {
    return new Random(this.below(2 ** 32));
  }
}

function isKey<T extends object>(table: T, name: PropertyKey): name is Extract<keyof T, string> {
  return name in table;
}
