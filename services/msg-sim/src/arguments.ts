import { parseArgs } from 'node:util';
import { findSecretFlags, secretFlagProblem } from '@route/admin-api';
import { parseRouteAddress, RouteClientError, routeAddressText } from '@route/link-client';
import { DELIVERIES, type Delivery } from './delivery-check.ts';
import { STORMS, type Storm } from './storm.ts';

/** The parsed command line. */
export interface Arguments {
  /** Addresses of the nodes; when empty, the simulation starts its own cluster. */
  readonly route: readonly string[];
  readonly msgServers: number;
  readonly users: number;
  readonly rate: number;
  readonly churn: number;
  /** Duration in seconds; infinite runs until Ctrl-C. */
  readonly duration: number;
  readonly storm: Storm | undefined;
  readonly delivery: Delivery;
  readonly seed: number;
  readonly json: boolean;
}

/** The options, or all errors of the command line, one line each. */
export type Invocation =
  | { readonly kind: 'run'; readonly args: Arguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'bad-usage'; readonly problems: readonly string[] };

export const HELP = `npm run demo -- [flags]

Runs simulated msg_servers and users against a route cluster. Users log in, move, go away, return, send
messages, kick their older clients and log off. The simulation checks that no PDU is lost, doubled or out
of order, and that presence is right. Ctrl-C stops it and prints a summary.

  --route HOST:PORT,...  nodes to connect to (default: starts the cluster of npm start, and stops it again)
  --msg-servers N        msg_servers, one link each (default 8)
  --users N              users (default 400)
  --rate N               PDUs relayed per second, over all msg_servers (default 100)
  --churn N              user actions per second, such as logins and moves (default: users / 40)
  --duration SECONDS     time before activity stops and the last checks run (default: until Ctrl-C)
  --storm login          all users log in at once, at the start
  --storm reconnect      every link is cut at once, after 5 s and then every 15 s
  --delivery MODE        broadcast or directed, as ROUTE_DELIVERY of the nodes: the mode of nodes that it
                         starts, and the mode that it checks (default: broadcast)
  --seed N               repeats the same users (default: a new seed each time)
  --json                 prints one JSON line per second and a summary, for scripts
  --help                 prints this help

Exit status: 0 all checks passed; 1 a check failed, or no node was reachable; 2 bad usage.

Examples:
  npm run demo
  npm run demo -- --route 10.0.0.1:8200,10.0.0.2:8200 --duration 60
  npm run demo -- --users 20000 --msg-servers 16 --storm login --duration 30 --json
`;

const MOST_SERVERS = 256;
const MOST_USERS = 1_000_000;
const MOST_RATE = 1_000_000;
const MOST_SECONDS = 86_400;
const MOST_SEED = 2 ** 32 - 1;
const USERS_PER_DEED_A_SECOND = 40;

/** Reads the command line. `randomSeed` is the default seed. */
export function readArguments(argv: readonly string[], randomSeed: number): Invocation {
  const secrets = findSecretFlags(argv);
  if (secrets.length > 0) return { kind: 'bad-usage', problems: secrets.map(secretFlagProblem) };
  const parsed = parse(argv);
  if (typeof parsed === 'string') return { kind: 'bad-usage', problems: [parsed] };
  if (parsed.help === true) return { kind: 'help' };

  const problems: string[] = [];
  const number = (name: NumberFlag, fallback: number, [least, most]: Range): number => {
    const given = parsed[name];
    if (given === undefined) return fallback;
    const value = given.trim() === '' ? Number.NaN : Number(given);
    const isWhole = FRACTIONS.has(name) || Number.isInteger(value);
    if (isWhole && value >= least && value <= most) return value;
    const kind = FRACTIONS.has(name) ? 'number' : 'whole number';
    problems.push(`--${name} is "${given}", expected a ${kind} from ${least} to ${most}`);
    return fallback;
  };
  const users = number('users', 400, [1, MOST_USERS]);
  const storm = STORMS.find((name) => name === parsed.storm);
  if (parsed.storm !== undefined && storm === undefined) {
    problems.push(`--storm is "${parsed.storm}", expected ${STORMS.join(' or ')}`);
  }
  const delivery = DELIVERIES.find((name) => name === (parsed.delivery ?? 'broadcast'));
  if (delivery === undefined) {
    problems.push(`--delivery is "${parsed.delivery}", expected ${DELIVERIES.join(' or ')}`);
  }
  const args: Arguments = {
    route: readAddresses(parsed.route, problems),
    msgServers: number('msg-servers', 8, [2, MOST_SERVERS]),
    users,
    rate: number('rate', 100, [0, MOST_RATE]),
    churn: number('churn', users / USERS_PER_DEED_A_SECOND, [0, MOST_RATE]),
    duration: number('duration', Number.POSITIVE_INFINITY, [1, MOST_SECONDS]),
    storm,
    delivery: delivery ?? 'broadcast',
    seed: number('seed', randomSeed, [0, MOST_SEED]),
    json: parsed.json === true,
  };
  return problems.length > 0 ? { kind: 'bad-usage', problems } : { kind: 'run', args };
}

type Range = readonly [least: number, most: number];
type NumberFlag = 'msg-servers' | 'users' | 'rate' | 'churn' | 'duration' | 'seed';

const FRACTIONS: ReadonlySet<NumberFlag> = new Set(['rate', 'churn', 'duration']);

/** The flags as given, or the first error in them. */
function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        route: { type: 'string' },
        'msg-servers': { type: 'string' },
        users: { type: 'string' },
        rate: { type: 'string' },
        churn: { type: 'string' },
        duration: { type: 'string' },
        storm: { type: 'string' },
        delivery: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

function readAddresses(given: string | undefined, problems: string[]): string[] {
  if (given === undefined) return [];
  return given.split(',').flatMap((part) => {
    try {
      return [routeAddressText(parseRouteAddress(part))];
    } catch (error) {
      if (!(error instanceof RouteClientError)) throw error;
      problems.push(`--route: ${error.message}`);
      return [];
    }
  });
}
