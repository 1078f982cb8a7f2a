import { describe, expect, test } from 'vitest';
import { AllowedNetworks, type Network, parseNetwork, plainAddress } from './networks.ts';

function networks(...texts: string[]): Network[] {
  return texts.map((text) => {
    const network = parseNetwork(text);
    if (network === undefined) throw new Error(`${text} was rejected`);
    return network;
  });
}

test.each([
  '',
  'here',
  '10.0.0.0/33',
  '10.0.0/8',
  '::/129',
  '10.0.0.1/',
  '10.0.0.1/-1',
  '1.2.3.4/8/8',
])('%j is not a network', (text) => {
  expect(parseNetwork(text)).toBeUndefined();
});

describe('links may come from', () => {
  test.each([
    ['everywhere where no network is named', [], '192.0.2.1', true],
    ['an address of a network', ['10.0.0.0/8'], '10.255.0.1', true],
    ['no other address', ['10.0.0.0/8'], '11.0.0.1', false],
    ['a single address', ['10.0.0.7'], '10.0.0.7', true],
    ['not the adjacent address', ['10.0.0.7'], '10.0.0.8', false],
    ['any of several networks', ['10.0.0.0/8', '192.0.2.0/24'], '192.0.2.9', true],
    ['an IPv6 network', ['fd00::/8'], 'fd12::1', true],
    ['no other IPv6 address', ['fd00::/8'], 'fe80::1', false],
    ['no IPv6 address where only IPv4 ones are named', ['0.0.0.0/0'], 'fd12::1', false],
    ['nothing that is no address', ['0.0.0.0/0', '::/0'], 'unknown', false],
  ])('%s', (_, allowed, address, taken) => {
    expect(new AllowedNetworks(networks(...allowed)).allows(address)).toBe(taken);
  });
});

test('an IPv4 address is the same on an IPv6 socket', () => {
  expect(plainAddress('::ffff:10.0.0.7')).toBe('10.0.0.7');
  expect(plainAddress('fd00::7')).toBe('fd00::7');
  expect(plainAddress('10.0.0.7')).toBe('10.0.0.7');
});
