import { LOG_FOLDER, LocalCluster, readStartSettings } from '@route/local-cluster';
import type { Delivery } from './delivery-check.ts';

/** The addresses to connect to, and their owner. */
export interface Target extends AsyncDisposable {
  readonly addresses: readonly string[];
  /** Own nodes by address, with their processes while they run. */
  readonly ours: () => ReadonlyMap<string, number | undefined>;
  /** Stops what was started, at once. */
  readonly kill: () => void;
}

/** Uses a running cluster. */
export function givenTarget(addresses: readonly string[]): Target {
  return {
    addresses,
    ours: () => new Map(),
    kill: () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Options of a started cluster. */
export interface OwnClusterOptions {
  /** Delivery mode of its nodes; overrides ROUTE_DELIVERY. */
  readonly delivery: Delivery;
  /** Receives lines for the user. */
  say(line: string): void;
  onStarting(cluster: Target): void;
}

/** Starts the cluster of `npm start`. Returns undefined on failure, after reporting the reason. */
export async function startOwnCluster({
  delivery,
  say,
  onStarting,
}: OwnClusterOptions): Promise<Target | undefined> {
  const read = readStartSettings(process.env);
  if ('problems' in read) {
    for (const problem of read.problems) say(problem);
    return undefined;
  }
  const settings = { ...read.settings, nodeEnv: { ROUTE_DELIVERY: delivery } };
  const cluster = new LocalCluster(settings, LOG_FOLDER, { say, onAllGone: () => {} });
  const target: Target = {
    get addresses() {
      return cluster.nodes.map(({ spec }) => spec.listen);
    },
    ours: () =>
      new Map(
        cluster.nodes.map(({ spec, child }) => [
          spec.listen,
          child.exit() === undefined ? child.pid : undefined,
        ]),
      ),
    kill: () => cluster.kill(),
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
  onStarting(target);
  if (await cluster.start()) return target;
  say('To use a cluster that runs already: npm run demo -- --route HOST:PORT,...');
  return undefined;
}
