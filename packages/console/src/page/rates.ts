import type { NodeView } from '@route/admin-api';

/** A node's rates per second, and its delays. */
export interface Rates {
  readonly receivedPdus: number;
  readonly sentBytes: number;
  readonly busBytes: number;
  /** Round trip time of the bus, in ms; null without a bus or before the first. */
  readonly rttMs: number | null;
  readonly loopP99Ms: number;
  /** Bytes queued for slow links. */
  readonly unsentBytes: number;
}

/** The sum over all nodes; of delays, the latest. */
export type Sample = Rates & { readonly atMs: number };

/** A node's rates between two answers, by its own clock; undefined if no time has passed. */
export function ratesBetween(before: NodeView, after: NodeView): Rates | undefined {
  const seconds = (after.nowMs - before.nowMs) / 1000;
  if (seconds <= 0) return undefined;
  const perSecond = (now: number, then: number) => Math.max(0, now - then) / seconds;
  return {
    receivedPdus: perSecond(after.traffic.receivedPdus, before.traffic.receivedPdus),
    sentBytes: perSecond(after.traffic.sentBytes, before.traffic.sentBytes),
    busBytes: perSecond(after.bus?.bytesSent ?? 0, before.bus?.bytesSent ?? 0),
    rttMs: after.bus?.rttMs ?? null,
    loopP99Ms: after.eventLoop.p99Ms,
    unsentBytes: after.links.unsentBytes,
  };
}

/** One point of the plots out of all nodes' rates. */
export function sampleOf(rates: readonly Rates[], atMs: number): Sample {
  const sum = (read: (each: Rates) => number) => rates.reduce((all, each) => all + read(each), 0);
  const echoes = rates.map(({ rttMs }) => rttMs).filter((rttMs) => rttMs !== null);
  return {
    atMs,
    receivedPdus: sum(({ receivedPdus }) => receivedPdus),
    sentBytes: sum(({ sentBytes }) => sentBytes),
    busBytes: sum(({ busBytes }) => busBytes),
    rttMs: echoes.length === 0 ? null : Math.max(...echoes),
    unsentBytes: sum(({ unsentBytes }) => unsentBytes),
    loopP99Ms: Math.max(0, ...rates.map(({ loopP99Ms }) => loopP99Ms)),
  };
}
