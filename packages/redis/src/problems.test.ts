import { describe, expect, test } from 'vitest';
import { errorText, REDIS_PROBLEMS, redisProblem } from './problems.ts';

describe('reports an error of Redis by its code', () => {
  test.each([
    ['NOAUTH Authentication required.', 'NOAUTH'],
    ['NOAUTH HELLO must be called with the client already authenticated, otherwise ...', 'NOAUTH'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'WRONGPASS'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", 'NOPERM'],
    ["ERR The user executing the script can't run this command or subcommand", 'NOPERM'],
    [
      "OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:3.",
      'OOM',
    ],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN.', 'BUSY'],
    ['UNKILLABLE Sorry the script already executed write commands', 'BUSY'],
    ['MISCONF Redis is configured to save RDB snapshots, but ...', 'MISCONF'],
    ['NOREPLICAS Not enough good replicas to write.', 'NOREPLICAS'],
    ['LOADING Redis is loading the dataset in memory', 'LOADING'],
    ["READONLY You can't write against a read only replica.", 'READONLY'],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      'MASTERDOWN',
    ],
    ['CLUSTERDOWN The cluster is down', 'CLUSTERDOWN'],
    ['slot 5461 of the Redis Cluster has no primary', 'CLUSTERDOWN'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'TRYAGAIN'],
    ['MOVED 3999 127.0.0.1:6381', 'MOVED'],
    ['another server of the Redis Cluster has taken over', 'MOVED'],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'CROSSSLOT'],
    ['10.0.0.7:6379: READONLY it is a replica of 10.0.0.8:6379', 'READONLY'],
    ['Command timed out', 'timeout'],
    ['10.0.0.7:6379: no connection within 2000 ms', 'timeout'],
    ['redis:6379: unable to verify the first certificate', 'certificate'],
    [
      "Hostname/IP does not match certificate's altnames: IP: 10.0.0.7 is not in the cert's list",
      'certificate',
    ],
    ['getaddrinfo ENOTFOUND redis.invalid', 'name'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'unreachable'],
    ['connection to Redis lost', 'unreachable'],
    ['Reached the max retries per request limit (which is 0).', 'unreachable'],
    ['ERR an error of a later version', 'other'],
  ] as const)('%s', (said, code) => {
    const problem = redisProblem(new Error(said));
    expect(problem).toMatchObject({ code, said, ...REDIS_PROBLEMS[code] });
    expect(problem.text).toContain(said);
    expect(problem.text).toContain(REDIS_PROBLEMS[code].advice);
  });
});

test('a text gives the same result as an error', () => {
  expect(redisProblem('OOM command not allowed').code).toBe('OOM');
});

test('shows the error of the node that was queried last', () => {
  const error = Object.assign(new Error('Failed to refresh slots cache.'), {
    lastNodeError: new Error('WRONGPASS invalid username-password pair'),
  });
  expect(redisProblem(error)).toMatchObject({
    code: 'WRONGPASS',
    said: 'Failed to refresh slots cache. WRONGPASS invalid username-password pair',
  });
});

test('each address of a name that has several is shown with its reason', () => {
  const error = new AggregateError([
    new Error('connect ECONNREFUSED ::1:7777'),
    new Error('connect ECONNREFUSED 127.0.0.1:7777'),
  ]);
  expect(errorText(error)).toBe(
    'connect ECONNREFUSED ::1:7777, connect ECONNREFUSED 127.0.0.1:7777',
  );
  expect(redisProblem(error).code).toBe('unreachable');
});
