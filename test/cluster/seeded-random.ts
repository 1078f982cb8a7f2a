import { randomInt } from 'node:crypto';
import { Random } from '@route/random';

/** Random numbers for a test. The seed is printed, and ROUTE_TEST_SEED repeats it. */
export class SeededRandom extends Random {
  readonly seed: number;

  constructor(seed = Number(process.env['ROUTE_TEST_SEED'] ?? randomInt(2 ** 31))) {
    super(seed);
    this.seed = seed;
    console.info(`ROUTE_TEST_SEED=${seed}`);
  }
}
