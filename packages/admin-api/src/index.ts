export {
  type CloseLinkResult,
  closeLinkResultSchema,
  type DrainResult,
  drainResultSchema,
  type RebalanceResult,
  rebalanceResultSchema,
} from './action-views.ts';
export {
  AdminClient,
  type AdminClientOptions,
  API_VERSION,
  API_VERSION_HEADER,
  ApiRefusal,
  Unreachable,
  type WatchOptions,
} from './client.ts';
export { API_ERRORS, type ApiErrorCode, type ErrorView, errorViewSchema } from './errors.ts';
export {
  type BusView,
  type ClusterNode,
  type ClusterView,
  clusterViewSchema,
  type LinksView,
  type LinkView,
  linksViewSchema,
  type NodeView,
  nodeViewSchema,
} from './node-views.ts';
export {
  type ClientCounts,
  type TotalsView,
  totalsViewSchema,
  type UserLink,
  type UsersView,
  type UserView,
  usersViewSchema,
} from './presence-views.ts';
export { findSecretFlags, secretFlagProblem } from './secret-flags.ts';
export {
  type EventsView,
  type EventView,
  eventsViewSchema,
  eventViewSchema,
  type WatchedPdu,
  type WatchMessage,
  watchMessageSchema,
} from './stream-views.ts';
