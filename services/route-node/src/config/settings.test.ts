import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { redactedSettings } from './redacted-settings.ts';
import { redisTarget } from './redis-target.ts';
import { helpText, readSettings, type Settings, SettingsError } from './settings.ts';
import { SETTING_NAMES } from './settings-schema.ts';

function settingsOf(argv: string[], environment: Record<string, string> = {}): Settings {
  const invocation = readSettings(argv, environment);
  if (invocation.kind !== 'run') throw new Error(`invocation is ${invocation.kind}, expected run`);
  return invocation.settings;
}

function problemsOf(argv: string[], environment: Record<string, string> = {}): readonly string[] {
  try {
    readSettings(argv, environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  throw new Error('the settings were accepted');
}

describe('settings', () => {
  it('have the documented defaults where nothing is given', () => {
    const settings = settingsOf([]);
    expect(settings.ROUTE_LISTEN).toEqual({ host: '0.0.0.0', port: 8200 });
    expect(settings.ROUTE_ADMIN_LISTEN).toEqual({ host: '127.0.0.1', port: 9200 });
    expect(settings.REDIS_URL).toBe('redis://127.0.0.1:6379');
    expect(settings.ROUTE_NAMESPACE).toBe('route');
    expect(settings.ROUTE_ENGINE).toBe('redis');
    expect(settings.ROUTE_LINKS).toBe('all');
    expect(settings.ROUTE_MAX_PDU_BYTES).toBe(16 * 1024 * 1024);
    expect(settings.ROUTE_HEARTBEAT_SECONDS).toBe(5);
    expect(settings.ROUTE_LINK_TIMEOUT_SECONDS).toBe(30);
  });

  it('are read from the environment, an empty value counting as none', () => {
    const settings = settingsOf([], {
      ROUTE_LISTEN: '[::1]:0',
      ROUTE_LINKS: 'master',
      LOG_LEVEL: '',
    });
    expect(settings.ROUTE_LISTEN).toEqual({ host: '::1', port: 0 });
    expect(settings.ROUTE_LINKS).toBe('master');
    expect(settings.LOG_LEVEL).toBe('info');
  });

  it('are overridden by flags, in either spelling', () => {
    const environment = { ROUTE_NAMESPACE: 'a', ROUTE_DRAIN_SECONDS: '1' };
    expect(settingsOf(['--route-namespace', 'b'], environment).ROUTE_NAMESPACE).toBe('b');
    expect(settingsOf(['--ROUTE_NAMESPACE=c'], environment).ROUTE_NAMESPACE).toBe('c');
    expect(settingsOf(['--route-drain-seconds=2.5'], environment).ROUTE_DRAIN_SECONDS).toBe(2.5);
  });

  it('are all reported at once when invalid, with the given and the allowed values', () => {
    const problems = problemsOf([], {
      ROUTE_LISTEN: 'nowhere',
      ROUTE_LINKS: 'some',
      ROUTE_MAX_PDU_BYTES: '15',
      ROUTE_LEASE_SECONDS: 'ten',
      ROUTE_NAMESPACE: 'a b',
    });
    expect(problems).toEqual([
      'ROUTE_LISTEN is "nowhere": expected host:port, with a port from 0 to 65535',
      'ROUTE_NAMESPACE is "a b": expected 1 to 64 of A-Z a-z 0-9 _ . : -',
      'ROUTE_LINKS is "some": expected all or master',
      'ROUTE_MAX_PDU_BYTES is "15": expected a whole number from 16 to 268435456',
      'ROUTE_LEASE_SECONDS is "ten": expected seconds from 1 to 300',
    ]);
  });

  it('for admission and rebalancing are read, or reported with the error', () => {
    const settings = settingsOf([], {
      ROUTE_ALLOW: '10.0.0.0/8, fd00::1',
      ROUTE_PROXY_PROTOCOL: '1',
      ROUTE_REBALANCE: '20',
    });
    expect(settings.ROUTE_ALLOW).toEqual([
      { address: '10.0.0.0', family: 'ipv4', prefix: 8 },
      { address: 'fd00::1', family: 'ipv6', prefix: 128 },
    ]);
    expect(settings.ROUTE_PROXY_PROTOCOL).toBe(true);
    expect(settings.ROUTE_REBALANCE).toBe(20);
    expect(settingsOf([]).ROUTE_REBALANCE).toBeUndefined();
    const wrong = {
      ROUTE_ALLOW: '10.0.0.0/8,here',
      ROUTE_REBALANCE: '0',
      ROUTE_PROXY_PROTOCOL: '2',
    };
    expect(problemsOf([], wrong)).toEqual([
      'ROUTE_PROXY_PROTOCOL is "2": expected 0 or 1',
      'ROUTE_ALLOW is "10.0.0.0/8,here": expected networks as 10.0.0.0/8,fd00::/8, and "here" is none',
      'ROUTE_REBALANCE is "0": expected off, or per cent from 1 to 9999',
    ]);
  });

  it('that contradict each other are refused', () => {
    expect(problemsOf([], { ROUTE_HEARTBEAT_SECONDS: '30' })).toEqual([
      'ROUTE_HEARTBEAT_SECONDS is 30: expected less than ROUTE_LINK_TIMEOUT_SECONDS, 30',
    ]);
    expect(problemsOf([], { ROUTE_BUS_RETENTION_SECONDS: '20' })).toEqual([
      'ROUTE_ISOLATED_SECONDS is 20: expected less than ROUTE_BUS_RETENTION_SECONDS, 20',
    ]);
    expect(problemsOf([], { ROUTE_LINK_QUEUE_MAX_BYTES: '2048' })).toHaveLength(1);
  });

  it('of Redis mean one server, Sentinels or a cluster', () => {
    expect(redisTarget(settingsOf([]))).toEqual({
      kind: 'single',
      url: 'redis://127.0.0.1:6379',
    });
    const sentinel = settingsOf([], {
      REDIS_SENTINELS: 'a:1, [::1]:2',
      REDIS_SENTINEL_NAME: 'main',
      REDIS_SENTINEL_PASSWORD: 'watch',
      REDIS_PASSWORD: 'hush',
      REDIS_TLS: 'on',
      REDIS_TLS_SERVER_NAME: 'redis',
    });
    expect(redisTarget(sentinel)).toEqual({
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
      ],
      name: 'main',
      account: { password: 'hush' },
      sentinelAccount: { password: 'watch' },
      tls: { serverName: 'redis' },
    });
    const cluster = settingsOf([], {
      REDIS_CLUSTER: 'a:1',
      REDIS_USERNAME: 'route',
      REDIS_ADDRESS_MAP: '10.0.0.1:6379=a:1, [::1]:2=b:3',
    });
    expect(redisTarget(cluster)).toEqual({
      kind: 'cluster',
      nodes: [{ host: 'a', port: 1 }],
      account: { username: 'route' },
      addressMap: new Map([
        ['10.0.0.1:6379', { host: 'a', port: 1 }],
        ['::1:2', { host: 'b', port: 3 }],
      ]),
    });
    expect(redactedSettings(cluster)['REDIS_ADDRESS_MAP']).toBe('10.0.0.1:6379=a:1,::1:2=b:3');
  });

  it.each([
    [{ REDIS_SENTINELS: 'a:1', REDIS_CLUSTER: 'b:2', REDIS_SENTINEL_NAME: 'x' }, 'expected one of'],
    [{ REDIS_SENTINELS: 'a:1' }, 'REDIS_SENTINEL_NAME is ""'],
    [{ REDIS_SENTINEL_NAME: 'main' }, 'expected a name together with REDIS_SENTINELS'],
    [{ REDIS_PASSWORD: 'hush' }, 'expected in REDIS_URL'],
    [{ REDIS_CLUSTER: 'a:1', REDIS_SENTINEL_PASSWORD: 'hush' }, 'expected REDIS_SENTINELS too'],
    [{ REDIS_TLS: 'on' }, 'expected rediss://'],
    [{ REDIS_TLS_SERVER_NAME: 'redis' }, 'expected rediss:// in REDIS_URL'],
    [{ REDIS_CLUSTER: 'a:1', REDIS_TLS_SERVER_NAME: 'redis' }, 'expected REDIS_TLS to be "on"'],
    [{ REDIS_CLUSTER: 'a:1,b' }, 'REDIS_CLUSTER is "a:1,b": expected host:port,host:port'],
    [{ REDIS_ADDRESS_MAP: 'a:1=b:2' }, 'expected REDIS_SENTINELS or REDIS_CLUSTER too'],
    [
      { REDIS_CLUSTER: 'a:1', REDIS_ADDRESS_MAP: 'a:1=b' },
      'REDIS_ADDRESS_MAP is "a:1=b": expected',
    ],
    [{ REDIS_TLS_CA: '/nowhere' }, 'REDIS_TLS_CA is "/nowhere": expected a readable file'],
  ])('of Redis that contradict each other are refused: %o', (environment, expected) => {
    const problems = problemsOf([], environment);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
    expect(problems[0]).not.toContain('hush');
  });

  it('of client types are numbers that the protocol has not, each in one class', () => {
    const read = (pc: string, mobile: string) =>
      readSettings([], { ROUTE_CLIENT_TYPES_PC: pc, ROUTE_CLIENT_TYPES_MOBILE: mobile });
    const good = read('0x03, 4', '0x13');
    if (good.kind !== 'run') throw new Error('settings were read as a call for help');
    expect(good.settings.ROUTE_CLIENT_TYPES_PC).toEqual([3, 4]);
    expect(good.settings.ROUTE_CLIENT_TYPES_MOBILE).toEqual([0x13]);
    for (const bad of ['0x11', '1', '0', 'x', '65536', '3,']) {
      expect(() => read(bad, ''), bad).toThrow('ROUTE_CLIENT_TYPES_PC is');
    }
    expect(() => read('0x13', '19')).toThrow('both have 19');
    expect(() => read('3,4,5,6,7', '8,9,10,11')).toThrow('have 9 types');
  });

  it('given as unknown flags are refused', () => {
    expect(problemsOf(['--route-listne', 'x'])[0]).toContain("'--route-listne'");
  });

  it.each([
    ['--redis-password', 'REDIS_PASSWORD_FILE'],
    ['--redis-url', 'REDIS_URL_FILE'],
    ['--redis-sentinel-password', 'REDIS_SENTINEL_PASSWORD_FILE'],
    ['--ROUTE_ADMIN_TOKEN', 'ROUTE_ADMIN_TOKEN_FILE'],
  ])('are refused as the flag %s, which the process list would show', (flag, file) => {
    const problems = problemsOf([`${flag}=redis://me:hush@host`], {});
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(file);
    expect(problems[0]).not.toContain('hush');
  });

  it('never show a secret that cannot be used', () => {
    expect(problemsOf([], { REDIS_URL: 'http://me:hush@host' })[0]).not.toContain('hush');
  });

  it('take a secret from a file that NAME_FILE names', () => {
    const directory = mkdtempSync(join(tmpdir(), 'route-settings-'));
    try {
      const file = join(directory, 'url');
      writeFileSync(file, 'rediss://me:hush@host:1234/2\n');
      expect(settingsOf([], { REDIS_URL_FILE: file }).REDIS_URL).toBe(
        'rediss://me:hush@host:1234/2',
      );
      expect(problemsOf([], { REDIS_URL_FILE: join(directory, 'no') })[0]).toContain(
        'REDIS_URL_FILE',
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('are each explained by --help', () => {
    expect(readSettings(['--help'], {})).toEqual({ kind: 'help' });
    const help = helpText();
    for (const name of SETTING_NAMES)
      expect(help).toMatch(new RegExp(`  ${name}  \\((--|no flag)`));
  });
});
