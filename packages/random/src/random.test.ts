import { expect, test } from 'vitest';
import { Random } from './random.ts';

const DRAWS = 10_000;

function draws<T>(draw: (random: Random) => T): T[] {
  const random = new Random(7);
  return Array.from({ length: DRAWS }, () => draw(random));
}

test('a seed repeats its draws, and another seed gives other draws', () => {
  const ofSeed = (seed: number): number[] => {
    const random = new Random(seed);
    return [random.next(), random.below(1_000), random.whole(5, 900)];
  };
  expect(ofSeed(1)).toEqual(ofSeed(1));
  expect(ofSeed(1)).not.toEqual(ofSeed(2));
});

test('draws cover their whole range and nothing else', () => {
  expect(new Set(draws((random) => random.below(3)))).toEqual(new Set([0, 1, 2]));
  expect(new Set(draws((random) => random.whole(-1, 1)))).toEqual(new Set([-1, 0, 1]));
  expect(new Set(draws((random) => random.pick(['a', 'b'])))).toEqual(new Set(['a', 'b']));
  for (const drawn of draws((random) => random.between(2, 4))) {
    expect(drawn).toBeGreaterThanOrEqual(2);
    expect(drawn).toBeLessThan(4);
  }
});

test('names are drawn in proportion to their weights', () => {
  const names = draws((random) => random.weighted({ often: 3, seldom: 1, never: 0 }));
  expect(names).not.toContain('never');
  expect(names.filter((name) => name === 'often').length / DRAWS).toBeCloseTo(3 / 4, 1);
  const chances = draws((random) => random.chance(1 / 4));
  expect(chances.filter(Boolean).length / DRAWS).toBeCloseTo(1 / 4, 1);
});

test('picks nothing from an empty list', () => {
  const random = new Random(1);
  expect(random.pickIfAny([])).toBeUndefined();
  expect(() => random.pick([])).toThrow('nothing to choose from');
  expect(() => random.weighted({})).toThrow('nothing to choose from');
});

test('draws from a fork do not change other draws', () => {
  const [random, same] = [new Random(3), new Random(3)];
  const fork = random.fork();
  same.fork();
  for (let i = 0; i < 5; i++) fork.next();
  expect(random.next()).toBe(same.next());
});
