import { obeyOrders } from '../worker-process.ts';
import { ownUsage } from '../worker-processes.ts';
import { DIALECTS } from './dialect.ts';
import { FloodWindow } from './flood-window.ts';
import { LoadLink } from './load-link.ts';
import { isLoadOrder, type LinkOrder, type LoadAnswer, type LoadOrder } from './load-messages.ts';
import { loadPdu } from './load-pdu.ts';
import { pace } from './pacer.ts';
import { Latencies } from './stamps.ts';

const links: LoadLink[] = [];
const latencies = new Latencies();
let senders: LoadLink[] = [];
let window: FloodWindow | undefined;

async function open(order: LoadOrder & { kind: 'open' }): Promise<void> {
  const dialect = DIALECTS[order.dialect];
  const pdu = loadPdu(order.pduBytes);
  const flood = new FloodWindow({
    copies: order.copies,
    pduBytes: order.pduBytes,
    receivedPduBytes: dialect.receivedBytes(order.pduBytes),
  });
  window = flood;
  const openOne = (link: LinkOrder) => {
    const readsStamps = order.readsStamps && !link.sends;
    return LoadLink.open(link, { dialect, pdu, window: flood, ...(readsStamps && { latencies }) });
  };
  links.push(...(await Promise.all(order.links.map(openOne))));
  const sending = new Set(order.links.filter(({ sends }) => sends).map(({ id }) => id));
  senders = links.filter(({ id }) => sending.has(id));
}

async function obey(order: LoadOrder): Promise<LoadAnswer> {
  switch (order.kind) {
    case 'open':
      await open(order);
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
      await pace(senders, order.perSecond, order.ms);
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

obeyOrders(isLoadOrder, obey);
