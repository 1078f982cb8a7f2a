import { expect, test, vi } from 'vitest';
import { FUZZ_INPUTS_VARIABLE, FUZZ_SEED_VARIABLE, fuzz } from './fuzz.ts';

test('a fuzz test runs as many inputs as are asked for, and a failure names its seed and input', () => {
  vi.stubEnv(FUZZ_INPUTS_VARIABLE, '7');
  vi.stubEnv(FUZZ_SEED_VARIABLE, '11');
  const drawn: number[] = [];
  fuzz('nothing', (random) => drawn.push(random.below(100)));
  expect(drawn).toHaveLength(7);
  let input = 0;
  const failing = (): void => {
    if (++input === 3) throw new Error('too long');
  };
  expect(() => fuzz('lengths', failing)).toThrow('fuzz lengths: input 3 of seed 11: too long');
  vi.unstubAllEnvs();
});
