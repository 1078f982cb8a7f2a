import { findSecretFlags, secretFlagProblem } from '@route/admin-api';

/** The settings of npm start, each an environment variable. */
export interface StartSettings {
  readonly host: string;
  readonly firstPort: number;
  readonly firstAdminPort: number;
  readonly nodeCount: number;
  /** More settings of every node. */
  readonly nodeEnv?: NodeJS.ProcessEnv;
}

const MOST_NODES = 16;
const MOST_PORT = 65_535;

/** Help text for the settings of npm start. */
export const START_HELP = `npm start takes these settings from its environment:
  REDIS_URL               the Redis to use (default: one is found or started)
  ROUTE_START_PORT        port of the first node's links, the next ones follow (default 8200)
  ROUTE_START_ADMIN_PORT  port of the first node's admin HTTP (default 9200)
  ROUTE_START_NODES       how many nodes, 1 to ${MOST_NODES} (default 3)
  ROUTE_START_HOST        address to listen on for links; 0.0.0.0 lets other machines in
                          (default 127.0.0.1)
What a route node itself understands is passed on to it: npx route-node --help`;

/** The settings, or all errors in them, one line each. */
export type SettingsResult =
  | { readonly settings: StartSettings }
  | { readonly problems: readonly string[] };

/** Reads the settings of npm start; arguments are refused. */
export function readStartSettings(
  env: NodeJS.ProcessEnv,
  argv: readonly string[] = [],
): SettingsResult {
  const secrets = findSecretFlags(argv);
  const problems = secrets.map(secretFlagProblem);
  const [argument = ''] = secrets.length > 0 ? [] : argv;
  if (argument !== '') {
    problems.push(
      `${argument} is given, expected no arguments: npm start takes its settings from the environment`,
    );
  }
  const number = (key: string, fallback: number, most: number): number => {
    const given = env[key] ?? '';
    if (given === '') return fallback;
    const value = Number(given);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    problems.push(`${key} is "${given}", expected a whole number from 1 to ${most}`);
    return fallback;
  };
  const nodeCount = number('ROUTE_START_NODES', 3, MOST_NODES);
  const mostFirstPort = MOST_PORT - nodeCount + 1;
  const settings: StartSettings = {
    host: env['ROUTE_START_HOST'] || '127.0.0.1',
    firstPort: number('ROUTE_START_PORT', 8200, mostFirstPort),
    firstAdminPort: number('ROUTE_START_ADMIN_PORT', 9200, mostFirstPort),
    nodeCount,
  };
  if (Math.abs(settings.firstPort - settings.firstAdminPort) < nodeCount) {
    problems.push(
      `ROUTE_START_PORT ${settings.firstPort} and ROUTE_START_ADMIN_PORT ` +
        `${settings.firstAdminPort} are closer than ${nodeCount} nodes need`,
    );
  }
  return problems.length > 0 ? { problems } : { settings };
}
