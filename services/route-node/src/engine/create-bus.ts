import { Bus, type BusEvents, type RedisTransport } from '@route/bus';
import { redisProblem } from '@route/redis';
import { RepeatedLine } from '../observability/log.ts';
import { MERGEABLE_TYPES } from '../routing/bus-messages.ts';
import type { RedisEngineOptions } from './engine-redis.ts';

/** Creates the bus of a cluster node: limits from the settings, errors to the log. */
export function createBus(
  options: RedisEngineOptions,
  transport: RedisTransport,
  handlers: Pick<BusEvents, 'onResponsive' | 'onJoined' | 'onLost'>,
): Bus {
  const { nodeId, settings, events, log } = options;
  const errors = new RepeatedLine();
  const foreignFrames = new RepeatedLine();
  return new Bus({
    nodeId,
    transport,
    mergeable: MERGEABLE_TYPES,
    limits: {
      windowBytes: settings.ROUTE_BUS_WINDOW_BYTES,
      retentionMs: settings.ROUTE_BUS_RETENTION_SECONDS * 1000,
      retentionBytes: settings.ROUTE_BUS_RETENTION_BYTES,
      probeTimeoutMs: settings.ROUTE_BUS_PROBE_TIMEOUT_SECONDS * 1000,
      // Other nodes may accept larger PDUs than this one.
      maxEntryBytes: 2 * Math.max(settings.ROUTE_MAX_PDU_BYTES, 32 * 1024 * 1024),
    },
    events: {
      ...handlers,
      onEntry: (kind, bytes, node, frame) => events.entry(kind, bytes, { node, frame }),
      onKnown: events.nodeKnown,
      onGone: events.nodeGone,
      onFull: events.busFull,
      onError: (error) => {
        const { code, said: problem, text } = redisProblem(error);
        options.explain('bus', text);
        errors.write((suppressed) => log.warn({ event: 'bus-error', code, problem, suppressed }));
      },
      onForeign: ({ version, sender }) => {
        foreignFrames.write((suppressed) => {
          log.warn({ event: 'bus-other-version', sender, version, suppressed });
        });
      },
    },
  });
}
