import { expect, test } from 'vitest';
import { mutate, mutateText } from './mutate.ts';
import { Random } from './random.ts';

const CORPUS = [Buffer.from('a frame with a length, 0123456789'), Buffer.from([0, 0, 0, 5, 1])];

function mutants(seed: number, count: number): Buffer[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => mutate(random, CORPUS));
}

test('a seed repeats its mutants, and another seed gives others', () => {
  expect(mutants(1, 50)).toEqual(mutants(1, 50));
  expect(mutants(1, 50)).not.toEqual(mutants(2, 50));
});

test('mutations leave the corpus unchanged', () => {
  const before = CORPUS.map((bytes) => bytes.toString('hex'));
  mutants(3, 2_000);
  expect(CORPUS.map((bytes) => bytes.toString('hex'))).toEqual(before);
});

test('mutants are shorter, longer and of equal length, and nearly all differ from the corpus', () => {
  const all = mutants(4, 2_000);
  const lengths = new Set(all.map((bytes) => Math.sign(bytes.length - 33)));
  expect(lengths).toEqual(new Set([-1, 0, 1]));
  const same = all.filter((bytes) => CORPUS.some((known) => known.equals(bytes)));
  expect(same.length).toBeLessThan(200);
});

test('an empty input can be mutated, an empty corpus cannot', () => {
  const random = new Random(5);
  for (let i = 0; i < 500; i++) mutate(random, [Buffer.alloc(0)]);
  expect(() => mutate(random, [])).toThrow('nothing to choose from');
});

test('text is mutated as text', () => {
  const random = new Random(6);
  const all = Array.from({ length: 200 }, () => mutateText(random, ['w1i2;', '{"links":3}']));
  expect(new Set(all).size).toBeGreaterThan(100);
});
