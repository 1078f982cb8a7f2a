import type { Scenario } from '../scenario.ts';
import { busGrowth } from './bus-growth.ts';
import { curves } from './curves.ts';
import { directed } from './directed.ts';
import { latency } from './latency.ts';
import { links } from './links.ts';
import { presenceChanges, presenceMemory, presenceQueries, presenceSnapshot } from './presence.ts';
import { relay } from './relay.ts';
import { relayCluster } from './relay-cluster.ts';

/** All scenarios, in order of execution and listing. */
export const SCENARIOS: readonly Scenario[] = [
  ...[relay, relayCluster, directed, latency, curves, links, busGrowth],
  ...[presenceSnapshot, presenceChanges, presenceQueries, presenceMemory],
];
