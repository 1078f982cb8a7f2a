import { z } from 'zod';

/** How many clients of each type. */
const ClientCounts = z.object({
  windows: z.number(),
  mac: z.number(),
  ios: z.number(),
  android: z.number(),
  /**
   * Types that the nodes' settings add, by their number as in '0x13'; absent where there are none.
   */
  others: z.record(z.string(), z.number()).optional(),
});
export type ClientCounts = z.infer<typeof ClientCounts>;

/**
 * GET /api/v1/totals: the users of this node's links. For the cluster's totals, add those of all
 * nodes.
 */
export const TotalsView = z.object({
  node: z.string(),
  /** When it was counted, ms since 1970; up to a few seconds ago. */
  countedAtMs: z.number(),
  /** Users online; one on two links counts twice. */
  users: z.number(),
  /** Of these, on this link: with a PC client, and with mobile clients alone. */
  pcUsers: z.number(),
  mobileOnlyUsers: z.number(),
  clients: ClientCounts,
  /** Number of clients that are away. */
  away: ClientCounts,
});
export type TotalsView = z.infer<typeof TotalsView>;

/** One link's part of a user. */
const UserLink = z.object({
  link: z.string(),
  node: z.string(),
  clients: ClientCounts,
  /** Details known only to the link's own node; null in the answer of any other. */
  peer: z.string().nullable(),
  /** When the link was opened, ms since 1970: the user has not been on it for longer. */
  openedAtMs: z.number().nullable(),
  away: ClientCounts.nullable(),
});
export type UserLink = z.infer<typeof UserLink>;

const UserView = z.object({
  userId: z.number(),
  /** The status in a query's answer: online with any PC client, else offline. */
  status: z.enum(['online', 'offline']),
  state: z.enum(['pc', 'mobile-only', 'gone']),
  links: z.array(UserLink),
});
export type UserView = z.infer<typeof UserView>;

/**
 * GET /api/v1/users/ID[,ID...]: where users are online, on all nodes, in the order of the query.
 */
export const UsersView = z.object({ node: z.string(), users: z.array(UserView) });
export type UsersView = z.infer<typeof UsersView>;
