import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import type { RouteNode } from '../../harness/index.ts';
import type { Stage } from '../presence/stage.ts';
import type { Effort, Reading } from '../scenario.ts';
import { coresReading, usageDuring } from '../usage.ts';
import { type Faults, MsgServers } from './msg-servers.ts';
import { SINGLE_SHARE, type TrafficPlan } from './traffic.ts';

const LISTED_DEADLINE_MS = 30_000;
/** After the lists, nodes need each other's heartbeat before they direct PDUs. */
const SETTLE_MS = 1_000;
/** Code per message runs more often than code per batch, and takes V8 longer to optimise. */
const WARM_UP_TIMES = 2;

/**
 * Messages from all msg_servers at full speed: rate, processor time per message, and a check for
 * loss.
 */
export async function measureFlatOut(
  stage: Stage,
  plan: TrafficPlan,
  { warmUpMs, measureMs }: Effort,
): Promise<Reading> {
  await using servers = await opened(stage, plan);
  const busBytesBefore = await metricOf(stage.nodes, 'route_bus_sent_bytes_total');
  await servers.flood();
  await delay(WARM_UP_TIMES * warmUpMs);
  const { result: rates, usage } = await usageDuring(stage.watched, () =>
    servers.measure(measureMs),
  );
  const { sent, deliveries } = await servers.finish();
  const busBytes = (await metricOf(stage.nodes, 'route_bus_sent_bytes_total')) - busBytesBefore;
  const doubtful = await metricOf(stage.nodes, 'route_delivery_pdus_total', { mode: 'fallback' });
  const messagesPerSecond = rates.singlesPerSecond / SINGLE_SHARE;
  const usEach = (cores: number): number => (cores / messagesPerSecond) * 1e6;
  return {
    singlesPerSecond: rates.singlesPerSecond,
    deliveriesPerMessage: deliveries / sent,
    nodesUs: usEach(usage.subjectCores),
    redisUs: usEach(usage.redisCores),
    msgServersUs: usEach(rates.cores),
    busBytesPerMessage: busBytes / sent,
    doubtfulPercent: (100 * doubtful) / sent,
    ...faultsReading(await servers.faults()),
    ...coresReading(usage, rates.cores, stage.watched),
  };
}

/** Messages from one half to the other at a steady rate: delivery times of single messages. */
export async function measurePaced(
  stage: Stage,
  { plan, perSecond }: { readonly plan: TrafficPlan; readonly perSecond: number },
  { warmUpMs, measureMs }: Effort,
): Promise<Reading> {
  await using servers = await opened(stage, { ...plan, senders: 'half' });
  await servers.pace(perSecond, warmUpMs);
  await servers.finish();
  await servers.latency();
  await servers.pace(perSecond, measureMs);
  await servers.finish();
  const { p50Us, p99Us } = await servers.latency();
  const { lost, doubled, outOfOrder } = await servers.faults();
  if (lost + doubled + outOfOrder > 0) {
    throw new Error(`paced: ${lost} lost, ${doubled} doubled, ${outOfOrder} out of order`);
  }
  return { p50Ms: p50Us / 1000, p99Ms: p99Us / 1000 };
}

/** Msg_servers whose users are known to all nodes. */
async function opened(stage: Stage, plan: TrafficPlan): Promise<MsgServers> {
  const targets = stage.nodes.map(({ host, port }) => ({ host, port }));
  const servers = await MsgServers.open({ plan, targets });
  const users = plan.servers * plan.usersPerServer;
  try {
    await waitFor(async () => (await metricOf(stage.nodes, 'route_presence_users')) === users, {
      what: `${users} users to be listed`,
      deadlineMs: LISTED_DEADLINE_MS,
    });
    await delay(SETTLE_MS);
    return servers;
  } catch (error) {
    await servers[Symbol.asyncDispose]();
    throw error;
  }
}

function faultsReading({ lost, doubled, outOfOrder }: Faults): Reading {
  return { lostMessages: lost, doubledMessages: doubled, outOfOrderMessages: outOfOrder };
}

/** The sum over all nodes. */
async function metricOf(
  nodes: readonly RouteNode[],
  name: string,
  labels?: Readonly<Record<string, string>>,
): Promise<number> {
  const values = await Promise.all(nodes.map((node) => node.metric(name, labels)));
  return values.reduce((sum, value) => sum + value, 0);
}
