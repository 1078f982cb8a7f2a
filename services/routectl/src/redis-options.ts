import { readFileSync } from 'node:fs';
import { errorText, type HostPort, type RedisTarget } from '@route/redis';
import { CommandError, EXIT } from './exit-codes.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the Redis selected by a flag or the environment, with the names of a node's settings;
 * undefined without any.
 * @throws CommandError when it is invalid.
 */
export function redisTargetOf(
  url: string | undefined,
  environment: Environment,
): RedisTarget | undefined {
  const sentinels = addressesOf('REDIS_SENTINELS', environment);
  const nodes = addressesOf('REDIS_CLUSTER', environment);
  if (url !== undefined) {
    if (URL.canParse(url) && new URL(url).password !== '') {
      throw usage(
        '--redis has a password: expected none, since flags show in the process list; ' +
          'set REDIS_URL in the environment, or name a file with it in REDIS_URL_FILE',
      );
    }
    return single('--redis', url);
  }
  if (sentinels.length > 0) {
    const name = secretOf('REDIS_SENTINEL_NAME', environment);
    if (name === '') throw usage('REDIS_SENTINELS is given: expected REDIS_SENTINEL_NAME too');
    const sentinelAccount = accountOf('REDIS_SENTINEL', environment);
    const account = accountOf('REDIS', environment);
    return {
      kind: 'sentinel',
      sentinels,
      name,
      account,
      sentinelAccount,
      ...addressMapOf(environment),
      ...tlsOf(environment),
    };
  }
  if (nodes.length > 0) {
    const account = accountOf('REDIS', environment);
    return {
      kind: 'cluster',
      nodes,
      account,
      ...addressMapOf(environment),
      ...tlsOf(environment),
    };
  }
  const given = secretOf('REDIS_URL', environment);
  return given === '' ? undefined : single('REDIS_URL', given);
}

function single(name: string, url: string): RedisTarget {
  if (URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol)) return { kind: 'single', url };
  throw usage(
    `${name} cannot be used: expected redis://[user:password@]host[:port], or rediss:// for TLS`,
  );
}

function accountOf(prefix: string, environment: Environment) {
  const username = secretOf(`${prefix}_USERNAME`, environment);
  const password = secretOf(`${prefix}_PASSWORD`, environment);
  return { ...(username !== '' && { username }), ...(password !== '' && { password }) };
}

function addressMapOf(environment: Environment) {
  const text = environment['REDIS_ADDRESS_MAP'] ?? '';
  if (text === '') return {};
  const pairs = text.split(',').map((part) => {
    const [announced = '', reached = ''] = part.split('=');
    const [from] = parseAddresses('REDIS_ADDRESS_MAP', announced);
    const [to] = parseAddresses('REDIS_ADDRESS_MAP', reached);
    if (from === undefined || to === undefined) throw new Error('an address that is none');
    return [`${from.host}:${from.port}`, to] as const;
  });
  return { addressMap: new Map(pairs) };
}

/** Authorities beside the system's are NODE_EXTRA_CA_CERTS, or REDIS_TLS_CA. */
function tlsOf(environment: Environment) {
  if (environment['REDIS_TLS'] !== 'on') return {};
  const file = environment['REDIS_TLS_CA'] ?? '';
  return { tls: file === '' ? {} : { ca: readText('REDIS_TLS_CA', file) } };
}

/** A secret from the environment or, with `_FILE`, from a file; '' without one. */
export function secretOf(name: string, environment: Environment): string {
  const given = environment[name] ?? '';
  const file = environment[`${name}_FILE`] ?? '';
  if (given !== '' || file === '') return given;
  return readText(`${name}_FILE`, file).trim();
}

/** @throws CommandError that names the setting with the file. */
export function readText(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = errorText(error);
    throw usage(`${name} is ${JSON.stringify(file)}: expected a readable file (${reason})`);
  }
}

function addressesOf(name: string, environment: Environment): HostPort[] {
  const text = environment[name] ?? '';
  return text === '' ? [] : parseAddresses(name, text);
}

/** @throws CommandError when one is no host:port. */
export function parseAddresses(name: string, text: string): HostPort[] {
  return text.split(',').map((part) => {
    const [, v6, host, port] = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(part.trim()) ?? [];
    const found = v6 ?? host;
    if (found === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw usage(`${name} is ${JSON.stringify(text)}: expected host:port[,host:port...]`);
    }
    return { host: found, port: Number(port) };
  });
}

function usage(message: string): CommandError {
  return new CommandError(EXIT.usage, message);
}
