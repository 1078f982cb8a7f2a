export { Cluster, type ClusterOptions, startCluster } from './cluster.ts';
export { LinkSet, openLinks } from './links.ts';
export type { LogLine } from './log-lines.ts';
export type { Labels } from './prometheus-text.ts';
export type { ReceivedPdu } from './received-pdu.ts';
export {
  type NodeEnv,
  type ProcessExit,
  ROUTE_NODE,
  type RouteNode,
  type RouteNodeOptions,
  startRouteNode,
} from './route-node.ts';
export {
  connectTo,
  type LinkTarget,
  messagePdu,
  openLink,
  type ServerClose,
  TestLink,
} from './test-link.ts';
export { type WithinOptions, within } from './within.ts';
