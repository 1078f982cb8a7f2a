import { expect, test } from 'vitest';
import { CommandError } from './exit-codes.ts';
import { parseReceivers } from './token-receivers.ts';

const RECEIVERS = '10.0.0.0/8, fd00::/8,127.0.0.1,[::1]:9200,node.example,other.example:9200';

test.each([
  ['10.1.2.3:9200', true],
  ['11.1.2.3:9200', false],
  ['[fd00::5]:9200', true],
  ['[fe00::5]:9200', false],
  ['127.0.0.1:9201', true],
  ['[::1]:9200', true],
  ['[::1]:9201', false],
  ['node.example:1', true],
  ['other.example:9200', true],
  ['other.example:9201', false],
  ['node.example.evil:9200', false],
])('the token may be sent to %s: %s', (address, may) => {
  expect(parseReceivers('--token-to', RECEIVERS).has(address)).toBe(may);
});

test('without a receiver it may be sent nowhere', () => {
  expect(parseReceivers('--token-to', '').has('127.0.0.1:9200')).toBe(false);
});

test.each(['10.0.0.0/33', 'fd00::/129', 'http://node', 'a b', 'node:x', '*'])(
  'the receiver %j is refused',
  (text) => {
    expect(() => parseReceivers('--token-to', text)).toThrow(CommandError);
  },
);
