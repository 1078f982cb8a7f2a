import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

const SEED = 5;
const read = (...argv: string[]) => readArguments(argv, SEED);

test('without flags starts a cluster and runs eight msg_servers until Ctrl-C', () => {
  expect(read()).toEqual({
    kind: 'run',
    args: {
      route: [],
      msgServers: 8,
      users: 400,
      rate: 100,
      churn: 10,
      duration: Number.POSITIVE_INFINITY,
      storm: undefined,
      delivery: 'broadcast',
      seed: SEED,
      json: false,
    },
  });
});

test('reads every flag', () => {
  const flags =
    '--route a:1,[::1]:2 --msg-servers 3 --users 80 --rate 0.5 --churn 9 --duration 7 --storm reconnect --delivery directed --seed 1 --json';
  expect(read(...flags.split(' '))).toEqual({
    kind: 'run',
    args: {
      route: ['a:1', '[::1]:2'],
      msgServers: 3,
      users: 80,
      rate: 0.5,
      churn: 9,
      duration: 7,
      storm: 'reconnect',
      delivery: 'directed',
      seed: 1,
      json: true,
    },
  });
  expect(read('--help')).toEqual({ kind: 'help' });
});

test.each([
  [['--users', 'many'], '--users is "many", expected a whole number from 1 to 1000000'],
  [['--users', '1.5'], '--users is "1.5", expected a whole number from 1 to 1000000'],
  [['--msg-servers', '1'], '--msg-servers is "1", expected a whole number from 2 to 256'],
  [['--rate', ''], '--rate is "", expected a number from 0 to 1000000'],
  [['--storm', 'snow'], '--storm is "snow", expected login or reconnect'],
  [['--delivery', 'post'], '--delivery is "post", expected broadcast or directed'],
  [['--route', 'nowhere'], '--route: address is "nowhere", expected host:port'],
  [['--redis-password', 'hush'], 'REDIS_PASSWORD_FILE'],
  [['--speed', '3'], "Unknown option '--speed'"],
  [['now'], "Unexpected argument 'now'"],
])('rejects %j and names the flag', (argv, message) => {
  const invocation = read(...argv);
  const problems = invocation.kind === 'bad-usage' ? invocation.problems : [];
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(message);
});

test('reports all errors at once', () => {
  const invocation = read('--users', '0', '--seed', '1.5', '--route', 'a,b:2,c');
  expect(invocation).toMatchObject({ kind: 'bad-usage' });
  expect(invocation.kind === 'bad-usage' && invocation.problems.length).toBe(4);
});
