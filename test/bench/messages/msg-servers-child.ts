import { ownUsage, serveRequests } from '../../harness/worker-process.ts';
import { FloodWindow } from '../load/flood-window.ts';
import { pace } from '../load/pacer.ts';
import { Latencies } from '../load/stamps.ts';
import { MESSAGE_BYTES } from './message-pdu.ts';
import { MsgServer } from './msg-server.ts';
import {
  isServersRequest,
  type ServersAnswer,
  type ServersRequest,
} from './msg-server-messages.ts';
import { Traffic } from './traffic.ts';

/**
 * Maximum number of single messages in flight: with many msg_servers, all others get a copy of
 * each.
 */
const WINDOW_BYTES = 16 * 2 ** 20;

const servers: MsgServer[] = [];
const latencies = new Latencies();
let senders: MsgServer[] = [];

async function open(request: ServersRequest & { kind: 'open' }): Promise<void> {
  const traffic = new Traffic(request.plan);
  const options = {
    traffic,
    // A single message counts once at its destination; here messages are counted, not bytes.
    window: new FloodWindow({
      copies: 1,
      pduBytes: MESSAGE_BYTES,
      receivedPduBytes: 1,
      mostBytes: WINDOW_BYTES,
    }),
    latencies: request.readsStamps ? latencies : undefined,
  };
  servers.push(...(await Promise.all(request.servers.map((one) => MsgServer.open(one, options)))));
  senders = servers.filter(({ counts }) => traffic.sends(counts.id));
}

async function answerTo(request: ServersRequest): Promise<ServersAnswer> {
  switch (request.kind) {
    case 'open':
      await open(request);
      break;
    case 'flood':
      for (const sender of senders) sender.flood();
      break;
    case 'pace':
      await pace(senders, request.perSecond, request.ms);
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

serveRequests(isServersRequest, answerTo);
