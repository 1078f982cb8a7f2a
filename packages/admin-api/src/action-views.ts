import { z } from 'zod';

/** POST /api/v1/drain: accepted; the process exits when its links are closed. */
export const DrainResult = z.object({
  node: z.string(),
  draining: z.literal(true),
  links: z.number(),
  overSeconds: z.number(),
});
export type DrainResult = z.infer<typeof DrainResult>;

/** POST /api/v1/links/ID/close */
export const CloseLinkResult = z.object({
  node: z.string(),
  link: z.string(),
  peer: z.string(),
});
export type CloseLinkResult = z.infer<typeof CloseLinkResult>;

/** POST /api/v1/rebalance */
export const RebalanceResult = z.object({
  node: z.string(),
  /** Open links. */
  links: z.number(),
  fairShare: z.number(),
  /** Links that the node will close, a few at a time. */
  closing: z.number(),
});
export type RebalanceResult = z.infer<typeof RebalanceResult>;
