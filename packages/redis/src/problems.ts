/**
 * Problems with Redis, by the code of its error, or by a name of their own for other failures.
 * `renews`: a new connection, with the name resolved and the password read again, may reach a
 * working server.
 */
export const REDIS_PROBLEMS = {
  NOAUTH: problem('Redis asks for a password and was given none', 'set the password', true),
  WRONGPASS: problem(
    'Redis does not accept the user name or the password',
    'set the right ones; files with passwords are read again at every attempt to connect',
    true,
  ),
  NOPERM: problem(
    'the Redis user may not do this',
    'give it the rights of deploy/redis/users.acl',
    false,
  ),
  OOM: problem('Redis has reached maxmemory', 'raise maxmemory or free memory', false),
  BUSY: problem(
    'Redis runs a script that does not end',
    'end it: SCRIPT KILL, or restart Redis',
    false,
  ),
  MISCONF: problem(
    'Redis cannot write its snapshot and refuses writes',
    'free its disk, or turn snapshots off: CONFIG SET save ""',
    false,
  ),
  NOREPLICAS: problem(
    'Redis has fewer replicas than it wants and refuses writes',
    'set min-replicas-to-write to 0, or bring its replicas back',
    false,
  ),
  LOADING: problem('Redis is loading its data', 'wait, or start it without a snapshot', true),
  READONLY: problem(
    'this Redis server is a replica',
    'point the address at the primary; the node connects anew until it finds one',
    true,
  ),
  MASTERDOWN: problem(
    'this Redis server is a replica and has lost its primary',
    'point the address at the primary; the node connects anew until it finds one',
    true,
  ),
  CLUSTERDOWN: problem(
    'some slots of the Redis Cluster have no primary',
    'see CLUSTER INFO and CLUSTER NODES',
    false,
  ),
  TRYAGAIN: problem(
    'a slot of the Redis Cluster is being moved, and is in part on either node',
    'finish the move: redis-cli --cluster fix',
    false,
  ),
  MOVED: problem(
    'a slot of the Redis Cluster is on another node than its nodes report',
    'see CLUSTER SLOTS on each of them',
    true,
  ),
  CROSSSLOT: problem(
    'Redis is a Cluster, and was used as a single server',
    'set REDIS_CLUSTER instead of REDIS_URL',
    false,
  ),
  timeout: problem('Redis does not answer in time', 'see whether it hangs or is cut off', false),
  certificate: problem(
    'the certificate of Redis is not trusted',
    'set REDIS_TLS_CA to its authority, and REDIS_TLS_SERVER_NAME to a name in the certificate where that is not the host',
    false,
  ),
  name: problem('the name of Redis cannot be resolved', 'see the name and the resolver', false),
  unreachable: problem('Redis cannot be reached', 'see its address, and whether it runs', false),
  other: problem('Redis fails', 'see its log', false),
} as const satisfies Record<string, RedisProblemEntry>;

interface RedisProblemEntry {
  readonly meaning: string;
  readonly advice: string;
  readonly renews: boolean;
}

export type RedisProblemCode = keyof typeof REDIS_PROBLEMS;

/** One problem with Redis. */
export interface RedisProblem extends RedisProblemEntry {
  readonly code: RedisProblemCode;
  /** The error text, with the address where known. */
  readonly said: string;
  /** Code, meaning, advice and error text, in one line. */
  readonly text: string;
}

/** Other errors of Redis or the client, by pattern. */
const SPELLINGS: readonly (readonly [RegExp, RedisProblemCode])[] = [
  [/executing the script can't (run|access)/, 'NOPERM'],
  [/\bUNKILLABLE\b/, 'BUSY'],
  [/NR_REPLICAS|Not enough good replicas/i, 'NOREPLICAS'],
  [/^ASK \d+ /, 'TRYAGAIN'],
  [/another server of the Redis Cluster|Too many Cluster redirections/, 'MOVED'],
  [/slot \d+ of the Redis Cluster has no primary/, 'CLUSTERDOWN'],
  [/certificate|altnames|ERR_TLS|UNABLE_TO_VERIFY|\bSSL\b|ssl3?_/i, 'certificate'],
  [/ENOTFOUND|EAI_AGAIN|getaddrinfo/, 'name'],
  [/timed? ?out|ETIMEDOUT|no connection within|not ready after/i, 'timeout'],
  [
    /ECONN|EPIPE|EHOSTUNREACH|ENETUNREACH|isn't writeable|closed|unreachable|connection to Redis lost|None of startup nodes|max retries per request/i,
    'unreachable',
  ],
];

/** Classifies an error of the client, or its text. The only place that reads errors of Redis. */
export function redisProblem(error: unknown): RedisProblem {
  const said = errorText(error);
  const code = codeOf(said);
  const entry = REDIS_PROBLEMS[code];
  return { ...entry, code, said, text: `${entry.meaning} (${said}): ${entry.advice}` };
}

/** An error's own words, and those of the errors that it stands for. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // In a cluster the error of the last queried node has the reason.
  const inner = 'lastNodeError' in error ? error.lastNodeError : undefined;
  if (inner instanceof Error) return `${error.message} ${errorText(inner)}`.trim();
  // Of a name with several addresses: one error each.
  if (error instanceof AggregateError) {
    const texts = new Set(error.errors.map(errorText));
    return [error.message, ...texts].filter((text) => text !== '').join(', ');
  }
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}

function codeOf(said: string): RedisProblemCode {
  // Redis's own code is first, or follows the address added here.
  for (const [word] of said.matchAll(/\b[A-Z]{3,}\b/g)) {
    if (isCode(word)) return word;
  }
  return SPELLINGS.find(([pattern]) => pattern.test(said))?.[1] ?? 'other';
}

function isCode(word: string): word is RedisProblemCode {
  return Object.hasOwn(REDIS_PROBLEMS, word);
}

function problem(meaning: string, advice: string, renews: boolean): RedisProblemEntry {
  return { meaning, advice, renews };
}
