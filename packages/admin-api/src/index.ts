export { CloseLinkResult, DrainResult, RebalanceResult } from './action-views.ts';
export {
  AdminClient,
  type AdminClientOptions,
  API_VERSION,
  API_VERSION_HEADER,
  ApiRefusal,
  Unreachable,
  type WatchOptions,
} from './client.ts';
export { API_ERRORS, type ApiErrorCode, ErrorView } from './errors.ts';
export {
  type BusView,
  type ClusterNode,
  ClusterView,
  LinksView,
  type LinkView,
  NodeView,
} from './node-views.ts';
export {
  type ClientCounts,
  TotalsView,
  type UserLink,
  UsersView,
  type UserView,
} from './presence-views.ts';
export { findSecretFlags, secretFlagProblem } from './secret-flags.ts';
export { EventsView, EventView, type WatchedPdu, WatchMessage } from './stream-views.ts';
