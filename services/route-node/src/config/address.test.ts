import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { advertised } from './address.ts';

describe('without a host given', () => {
  test.each([
    [{ host: '10.0.0.7', port: 9200 }, '10.0.0.7:9200'],
    [{ host: '127.0.0.1', port: 9200 }, '127.0.0.1:9200'],
    [{ host: '::1', port: 9200 }, '[::1]:9200'],
    [{ host: 'fd00::7', port: 9200 }, '[fd00::7]:9200'],
    [{ host: 'node-1.example', port: 1 }, 'node-1.example:1'],
  ])('%o is reached at %s', (bound, text) => {
    expect(advertised(bound, '')).toBe(text);
  });

  test.each(['0.0.0.0', '::'])(
    'a port bound to %s is reached at an address of this machine',
    (host) => {
      const text = advertised({ host, port: 9200 }, '');
      expect(text).toMatch(/:9200$/);
      const own = text.replace(/:9200$/, '').replace(/^\[|\]$/g, '');
      expect(own).not.toBe(host);
      expect(isIP(own) !== 0 || own === hostname()).toBe(true);
    },
  );
});

describe('with a host given', () => {
  test.each([
    [{ host: '0.0.0.0', port: 9200 }, 'outer.example:9200'],
    [{ host: '10.0.0.7', port: 9200 }, 'outer.example:9200'],
    [{ host: '127.0.0.1', port: 9200 }, '127.0.0.1:9200'],
    [{ host: 'localhost', port: 9200 }, 'localhost:9200'],
  ])('%o is reached at %s', (bound, text) => {
    expect(advertised(bound, 'outer.example')).toBe(text);
  });

  test('an IPv6 address is in brackets', () => {
    expect(advertised({ host: '::', port: 1 }, 'fd00::9')).toBe('[fd00::9]:1');
  });
});
