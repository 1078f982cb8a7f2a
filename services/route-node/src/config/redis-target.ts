import type { RedisAccount, RedisTarget, RedisTls } from '@route/redis';
import { settingText } from './setting.ts';
import { SETTINGS, type Settings } from './settings-schema.ts';

/** Which Redis the settings mean; they must be without {@link redisConflicts}. */
export function redisTarget(settings: Settings): RedisTarget {
  const tls = tlsOf(settings);
  const encrypted = settings.REDIS_TLS === 'on' && { tls };
  const map = settings.REDIS_ADDRESS_MAP;
  const addressMap = map.size > 0 && { addressMap: map };
  const account = accountOf(settings.REDIS_USERNAME, settings.REDIS_PASSWORD);
  if (settings.REDIS_SENTINELS.length > 0) {
    return {
      kind: 'sentinel',
      sentinels: settings.REDIS_SENTINELS,
      name: settings.REDIS_SENTINEL_NAME,
      account,
      ...addressMap,
      sentinelAccount: accountOf(
        settings.REDIS_SENTINEL_USERNAME,
        settings.REDIS_SENTINEL_PASSWORD,
      ),
      ...encrypted,
    };
  }
  if (settings.REDIS_CLUSTER.length > 0) {
    return { kind: 'cluster', nodes: settings.REDIS_CLUSTER, account, ...addressMap, ...encrypted };
  }
  const url = settings.REDIS_URL;
  return { kind: 'single', url, ...(url.startsWith('rediss:') && { tls }) };
}

/** Returns contradictions among the settings of Redis, and settings without effect. */
export function redisConflicts(settings: Settings): string[] {
  const problems: string[] = [];
  const { REDIS_SENTINELS: sentinels, REDIS_CLUSTER: cluster } = settings;
  const ways = [
    ...(settings.REDIS_URL === settingText(SETTINGS.REDIS_URL).default ? [] : ['REDIS_URL']),
    ...(sentinels.length > 0 ? ['REDIS_SENTINELS'] : []),
    ...(cluster.length > 0 ? ['REDIS_CLUSTER'] : []),
  ];
  if (ways.length > 1) problems.push(`${ways.join(' and ')} are given: expected one of them`);
  if (sentinels.length > 0 !== (settings.REDIS_SENTINEL_NAME !== '')) {
    problems.push(
      `REDIS_SENTINEL_NAME is ${JSON.stringify(settings.REDIS_SENTINEL_NAME)}: ` +
        'expected a name together with REDIS_SENTINELS, and only then',
    );
  }
  const ofServers = ['REDIS_USERNAME', 'REDIS_PASSWORD'] as const;
  const ofSentinels = ['REDIS_SENTINEL_USERNAME', 'REDIS_SENTINEL_PASSWORD'] as const;
  const several = sentinels.length > 0 || cluster.length > 0;
  if (!several) {
    const given = ofServers.filter((name) => settings[name] !== '');
    if (given.length > 0) {
      problems.push(
        `${given.join(' and ')} given: expected in REDIS_URL, as redis://user:password@host`,
      );
    }
    if (settings.REDIS_ADDRESS_MAP.size > 0) {
      problems.push('REDIS_ADDRESS_MAP given: expected REDIS_SENTINELS or REDIS_CLUSTER too');
    }
    if (settings.REDIS_TLS === 'on') {
      problems.push('REDIS_TLS is "on": expected rediss:// in REDIS_URL instead');
    }
  }
  if (sentinels.length === 0) {
    const given = ofSentinels.filter((name) => settings[name] !== '');
    if (given.length > 0)
      problems.push(`${given.join(' and ')} given: expected REDIS_SENTINELS too`);
  }
  if ((settings.REDIS_TLS_CERT === undefined) !== (settings.REDIS_TLS_KEY === undefined)) {
    problems.push('REDIS_TLS_CERT and REDIS_TLS_KEY: expected both or neither');
  }
  const encrypted = several
    ? settings.REDIS_TLS === 'on'
    : settings.REDIS_URL.startsWith('rediss:');
  if (!encrypted && Object.keys(tlsOf(settings)).length > 0) {
    problems.push(
      'REDIS_TLS_... given, but connections are not encrypted: ' +
        `expected ${several ? 'REDIS_TLS to be "on"' : 'rediss:// in REDIS_URL'}`,
    );
  }
  return problems;
}

function accountOf(username: string, password: string): RedisAccount {
  return { ...(username !== '' && { username }), ...(password !== '' && { password }) };
}

function tlsOf(settings: Settings): RedisTls {
  const { REDIS_TLS_CA: ca, REDIS_TLS_CERT: cert, REDIS_TLS_KEY: key } = settings;
  const serverName = settings.REDIS_TLS_SERVER_NAME;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== '' && { serverName }),
  };
}
