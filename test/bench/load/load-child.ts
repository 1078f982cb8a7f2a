import { ownUsage, serveRequests } from '../../harness/worker-process.ts';
import { DIALECTS } from './dialect.ts';
import { FloodWindow } from './flood-window.ts';
import { LoadLink } from './load-link.ts';
import {
  isLoadRequest,
  type LinkOrder,
  type LoadAnswer,
  type LoadRequest,
} from './load-messages.ts';
import { loadPdu } from './load-pdu.ts';
import { pace } from './pacer.ts';
import { Latencies } from './stamps.ts';

const links: LoadLink[] = [];
const latencies = new Latencies();
let senders: LoadLink[] = [];
let window: FloodWindow | undefined;

async function open(request: LoadRequest & { kind: 'open' }): Promise<void> {
  const dialect = DIALECTS[request.dialect];
  const pdu = loadPdu(request.pduBytes);
  const flood = new FloodWindow({
    copies: request.copies,
    pduBytes: request.pduBytes,
    receivedPduBytes: dialect.receivedBytes(request.pduBytes),
  });
  window = flood;
  const openOne = (link: LinkOrder) => {
    const readsStamps = request.readsStamps && !link.sends;
    return LoadLink.open(link, { dialect, pdu, window: flood, ...(readsStamps && { latencies }) });
  };
  links.push(...(await Promise.all(request.links.map(openOne))));
  const sending = new Set(request.links.filter(({ sends }) => sends).map(({ id }) => id));
  senders = links.filter(({ id }) => sending.has(id));
}

async function answerTo(request: LoadRequest): Promise<LoadAnswer> {
  switch (request.kind) {
    case 'open':
      await open(request);
      break;
    case 'probe':
      for (const sender of senders) sender.probe();
      break;
    case 'reset':
      for (const link of links) link.reset();
      window?.reset();
      latencies.reset();
      break;
    case 'flood':
      for (const sender of senders) sender.flood();
      break;
    case 'pace':
      await pace(senders, request.perSecond, request.ms);
      break;
    case 'latency':
      return { kind: 'latency', latency: latencies.summary };
    case 'stop':
      await Promise.all(senders.map((sender) => sender.stop()));
      break;
    case 'count': {
      const counts = links.map((link) => link.count());
      const count = { ...ownUsage(), links: counts };
      return { kind: 'count', count };
    }
  }
  return { kind: 'done' };
}

serveRequests(isLoadRequest, answerTo);
