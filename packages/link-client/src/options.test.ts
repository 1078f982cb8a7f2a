import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RouteClientError } from './errors.ts';
import { checkOptions, ROUTE_CLIENT_DEFAULTS, type RouteClientOptions } from './options.ts';

const GOOD: RouteClientOptions = { addresses: ['127.0.0.1:8200'], snapshot: () => [] };

test('addresses are host:port, IPv6 hosts in brackets', () => {
  const addresses = ['route.example:8200', '[::1]:8201', ' 10.0.0.1:8202'];
  expect(checkOptions({ ...GOOD, addresses }).addresses).toEqual([
    { host: 'route.example', port: 8200 },
    { host: '::1', port: 8201 },
    { host: '10.0.0.1', port: 8202 },
  ]);
});

test.each<[string, Partial<RouteClientOptions>]>([
  ['addresses is empty, expected at least one host:port', { addresses: [] }],
  ['address is "localhost", expected host:port', { addresses: ['localhost'] }],
  ['address is "a:0", expected host:port with a port from 1 to 65535', { addresses: ['a:0'] }],
  ['address is "::1:8200", expected host:port', { addresses: ['::1:8200'] }],
  ['heartbeatMs is 0, expected a number from 1 on', { heartbeatMs: 0 }],
  ['timeoutMs is NaN, expected a number from 1 on', { timeoutMs: Number.NaN }],
])('an option that cannot be used is named: %s', (message, wrong) => {
  const check = () => checkOptions({ ...GOOD, ...wrong });
  expect(check).toThrow(RouteClientError);
  expect(check).toThrow(message);
});

test('the README has every option that has a default, and the default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const mib = 1024 * 1024;
  for (const [name, value] of Object.entries(ROUTE_CLIENT_DEFAULTS)) {
    const written = value % mib === 0 ? `${value / mib} MiB` : String(value);
    expect(readme).toContain(`| \`${name}\` | ${written} |`);
  }
});
