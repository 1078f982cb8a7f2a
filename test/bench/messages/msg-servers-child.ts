import { FloodWindow } from '../load/flood-window.ts';
import { pace } from '../load/pacer.ts';
import { Latencies } from '../load/stamps.ts';
import { obeyOrders } from '../worker-process.ts';
import { ownUsage } from '../worker-processes.ts';
import { MESSAGE_BYTES } from './message-pdu.ts';
import { MsgServer } from './msg-server.ts';
import { isServersOrder, type ServersAnswer, type ServersOrder } from './msg-server-messages.ts';
import { Traffic } from './traffic.ts';

/**
 * Maximum number of single messages in flight: with many msg_servers, all others get a copy of
 * each.
 */
const WINDOW_BYTES = 16 * 2 ** 20;

const servers: MsgServer[] = [];
const latencies = new Latencies();
let senders: MsgServer[] = [];

async function open(order: ServersOrder & { kind: 'open' }): Promise<void> {
  const traffic = new Traffic(order.plan);
  const options = {
    traffic,
    // A single message counts once at its destination; here messages are counted, not bytes.
    window: new FloodWindow({
      copies: 1,
      pduBytes: MESSAGE_BYTES,
      receivedPduBytes: 1,
      mostBytes: WINDOW_BYTES,
    }),
    latencies: order.readsStamps ? latencies : undefined,
  };
  servers.push(...(await Promise.all(order.servers.map((one) => MsgServer.open(one, options)))));
  senders = servers.filter(({ counts }) => traffic.sends(counts.id));
}

async function obey(order: ServersOrder): Promise<ServersAnswer> {
  switch (order.kind) {
    case 'open':
      await open(order);
      break;
    case 'flood':
      for (const sender of senders) sender.flood();
      break;
    case 'pace':
      await pace(senders, order.perSecond, order.ms);
      break;
    case 'stop':
      await Promise.all(senders.map((sender) => sender.stop()));
      break;
    case 'count': {
      if (servers.some(({ isOpen }) => !isOpen)) throw new Error('a node has closed a link');
      const counts = servers.map((server) => server.counts);
      const count = { ...ownUsage(), servers: counts };
      return { kind: 'count', count };
    }
    case 'arrivals':
      return {
        kind: 'arrivals',
        arrivals: servers.map(({ counts, arrivals }) => ({ id: counts.id, ...arrivals.counts })),
      };
    case 'latency': {
      const latency = latencies.summary;
      latencies.reset();
      return { kind: 'latency', latency };
    }
  }
  return { kind: 'done' };
}

obeyOrders(isServersOrder, obey);
