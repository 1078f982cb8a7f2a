import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_ABOUT_BYTES, type NodeAbout, parseAbout } from './node-about.ts';

const ABOUT: NodeAbout = {
  node: 'abcdefgh2345',
  admin: '10.0.0.7:9200',
  listen: '10.0.0.7:8200',
  links: 3,
  leaving: 1,
  draining: false,
  startedAtMs: 1_790_000_000_000,
  version: '0.1.0',
};

test('what a node says of itself is read as it was said', () => {
  expect(parseAbout(JSON.stringify(ABOUT))).toEqual(ABOUT);
  const starting = { ...ABOUT, listen: null };
  expect(parseAbout(JSON.stringify(starting))).toEqual(starting);
});

test('what a later version says beside it is left out', () => {
  expect(parseAbout(JSON.stringify({ ...ABOUT, zone: 'b' }))).toEqual(ABOUT);
});

describe('a description that does not say everything is none', () => {
  test.each(Object.keys(ABOUT))('%s is missing', (field) => {
    const said = Object.entries(ABOUT).filter(([name]) => name !== field);
    expect(parseAbout(JSON.stringify(Object.fromEntries(said)))).toBeUndefined();
  });

  test.each(Object.keys(ABOUT))('%s is of another kind', (field) => {
    expect(parseAbout(JSON.stringify({ ...ABOUT, [field]: [] }))).toBeUndefined();
  });

  test('it is far too long', () => {
    const said = { ...ABOUT, version: 'x'.repeat(MAX_ABOUT_BYTES) };
    expect(parseAbout(JSON.stringify(said))).toBeUndefined();
  });

  test.each(['', '{', 'null', '7', '[]'])('it is %j', (text) => {
    expect(parseAbout(text)).toBeUndefined();
  });
});

test('no text whatsoever throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseAbout(text)).toBeUndefined();
    }),
  );
});
