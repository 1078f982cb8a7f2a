import { fileURLToPath } from 'node:url';
import { LocalCluster, readStartSettings } from '@route/local-cluster';
import type { Delivery } from './delivery.ts';

const LOG_FOLDER = fileURLToPath(new URL('../../../.tmp/local-cluster', import.meta.url));

/** Where to connect, and whose nodes they are. */
export interface Target extends AsyncDisposable {
  readonly addresses: readonly string[];
  /** The nodes that are ours, by address, and their processes while they live. */
  readonly ours: () => ReadonlyMap<string, number | undefined>;
  /** Ends what was started at once. */
  readonly kill: () => void;
}

/** A cluster that is there already. */
export function givenTarget(addresses: readonly string[]): Target {
  return {
    addresses,
    ours: () => new Map(),
    kill: () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** What starting a cluster needs. */
export interface OwnClusterOptions {
  /** How its nodes relay, whatever ROUTE_DELIVERY says. */
  readonly delivery: Delivery;
  /** Takes lines for the person who waits. */
  say(line: string): void;
  onStarting(cluster: Target): void;
}

/** Starts what `npm start` starts. Undefined when that fails; why has been said then. */
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
