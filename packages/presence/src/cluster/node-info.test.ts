import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_NODE_INFO_BYTES, type NodeInfo, parseNodeInfo, parseRecords } from './node-info.ts';

const ABOUT: NodeInfo = {
  node: 'abcdefgh2345',
  admin: '10.0.0.7:9200',
  listen: '10.0.0.7:8200',
  links: 3,
  leaving: 1,
  draining: false,
  startedAtMs: 1_790_000_000_000,
  version: '0.1.0',
};

test('parses the info that a node publishes without change', () => {
  expect(parseNodeInfo(JSON.stringify(ABOUT))).toEqual(ABOUT);
  const starting = { ...ABOUT, listen: null };
  expect(parseNodeInfo(JSON.stringify(starting))).toEqual(starting);
});

test('ignores fields of later versions', () => {
  expect(parseNodeInfo(JSON.stringify({ ...ABOUT, zone: 'b' }))).toEqual(ABOUT);
});

describe('an incomplete record is rejected', () => {
  test.each(Object.keys(ABOUT))('%s is missing', (field) => {
    const said = Object.entries(ABOUT).filter(([name]) => name !== field);
    expect(parseNodeInfo(JSON.stringify(Object.fromEntries(said)))).toBeUndefined();
  });

  test.each(Object.keys(ABOUT))('%s is of another kind', (field) => {
    expect(parseNodeInfo(JSON.stringify({ ...ABOUT, [field]: [] }))).toBeUndefined();
  });

  test('it is far too long', () => {
    const said = { ...ABOUT, zone: 'x'.repeat(MAX_NODE_INFO_BYTES) };
    expect(parseNodeInfo(JSON.stringify(said))).toBeUndefined();
  });

  test.each(['', '{', 'null', '7', '[]'])('it is %j', (text) => {
    expect(parseNodeInfo(text)).toBeUndefined();
  });
});

test('no text throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseNodeInfo(text)).toBeUndefined();
    }),
  );
});

describe('a field out of bounds makes a record malformed', () => {
  test.each<Partial<Record<keyof NodeInfo, unknown>>>([
    { node: '' },
    { node: 'a/b' },
    { node: 'x'.repeat(65) },
    { admin: 'user:secret@10.0.0.7:9200' },
    { admin: '10.0.0.7:9200/path' },
    { admin: '10.0.0.7:9200?q=1' },
    { admin: '10.0.0.7:9200#' },
    { admin: 'http://10.0.0.7:9200' },
    { admin: '10.0.0.7' },
    { admin: '10.0.0.7:0' },
    { admin: '10.0.0.7:65536' },
    { admin: '10.0.0.7:92\n00' },
    { admin: '\u001b[2J:9200' },
    { admin: '[:::::]:9200' },
    { admin: '999.0.0.1:9200' },
    { admin: `${'x'.repeat(254)}:9200` },
    { listen: 'evil host:8200' },
    { listen: '10.0.0.7:8200\r\n' },
    { version: '0.1.0\u001b[31m' },
    { version: 'x'.repeat(65) },
    { version: '' },
    { links: -1 },
    { links: 1.5 },
    { links: 1e15 },
    { leaving: 1e15 },
    { startedAtMs: 9e15 },
  ])('%j', (field) => {
    expect(parseNodeInfo(JSON.stringify({ ...ABOUT, ...field }))).toBeUndefined();
  });

  test.each(['[::1]:9200', 'node-7.example:9200', 'node_7:1', '10.0.0.7:65535'])(
    'the address %s is within them',
    (admin) => {
      expect(parseNodeInfo(JSON.stringify({ ...ABOUT, admin }))?.admin).toBe(admin);
    },
  );
});

test('records of the registry: skips and counts malformed ones and those of another node', () => {
  const text = JSON.stringify(ABOUT);
  const records = parseRecords([
    ['abcdefgh2345', text],
    ['otherother22', text],
    ['third3333333', '{'],
  ]);
  expect([...records.nodes.keys()]).toEqual(['abcdefgh2345']);
  expect(records.malformed).toBe(2);
});
