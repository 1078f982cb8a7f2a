export {
  CLIENT_TYPE,
  type ClientStatus,
  type ClientType,
  type CommandName,
  type DecodedMessage,
  type DecodedPdu,
  GROUP_MODIFY_TYPE,
  type Header,
  isPc,
  type MessageFields,
  MSG_TYPE,
  SESSION_TYPE,
  TRANSFER_FILE_TYPE,
  USER_STATUS,
  type UserStat,
  type UserStatus,
} from '@route/protocol';
export { parseRouteAddress, type RouteAddress, routeAddressText } from './address.ts';
export type { Cancel, Clock } from './clock.ts';
export { ROUTE_CLIENT_ERRORS, RouteClientError, type RouteClientErrorCode } from './errors.ts';
export {
  type CommandEvents,
  DOWN_REASONS,
  type DownReason,
  type LinkDown,
  type LinkUp,
  type Origin,
  type RouteClientEvents,
} from './events.ts';
export { ROUTE_CLIENT_DEFAULTS, type RouteClientOptions } from './options.ts';
export type { QueryAnswer } from './pending-queries.ts';
export {
  type QueryOptions,
  type RelayedCommand,
  RouteClient,
  type SendOutcome,
} from './route-client.ts';
