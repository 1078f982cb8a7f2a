import { bytes, count, duration } from './human.ts';
import type { Sample } from './node-samples.ts';
import { hasLeft } from './nodes.ts';
import type { Column } from './output.ts';

/** The state of a node in one word or a few. */
export function stateOf({ known, answer }: Sample): string {
  if (answer.kind === 'silent') return hasLeft(known, answer) ? 'has left' : 'no answer';
  const { ready, draining, reasons } = answer.value;
  if (draining || known.info?.draining === true) return 'draining';
  return ready ? 'ready' : `not ready: ${reasons.map(({ reason }) => reason).join(', ')}`;
}

/** Whether a node is healthy: it accepts links, or is draining. */
export function isWell(sample: Sample): boolean {
  const state = stateOf(sample);
  return state === 'ready' || state === 'draining' || state === 'has left';
}

/** A cell from a node's own answer, or a placeholder without one. */
function of(sample: Sample, text: (view: NodeViewOf) => string): string {
  return sample.answer.kind === 'answered' ? text(sample.answer.value) : '-';
}
type NodeViewOf = Extract<Sample['answer'], { kind: 'answered' }>['value'];

function rate(sample: Sample, text: (rates: NonNullable<Sample['rates']>) => string): string {
  return sample.rates === undefined ? '-' : text(sample.rates);
}

/** The columns for each node. */
export const NODE_COLUMNS: readonly Column<Sample>[] = [
  {
    title: 'node',
    text: ({ known, answer }) =>
      known.node ?? (answer.kind === 'answered' ? answer.value.node : '?'),
  },
  { title: 'admin', text: ({ known }) => known.admin?.address ?? known.info?.admin ?? '-' },
  { title: 'state', text: stateOf },
  {
    title: 'age',
    align: 'right',
    text: (sample) => of(sample, (view) => duration(view.nowMs - view.startedAtMs)),
  },
  {
    title: 'links',
    align: 'right',
    text: (sample) =>
      sample.answer.kind === 'answered'
        ? String(sample.answer.value.links.open)
        : String(sample.known.info?.links ?? '-'),
  },
  {
    title: 'users',
    align: 'right',
    text: (sample) => of(sample, (view) => count(view.presence.users)),
  },
  {
    title: 'pdus/s',
    align: 'right',
    text: (sample) => rate(sample, ({ pdusIn }) => count(pdusIn)),
  },
  {
    title: 'in/s',
    align: 'right',
    text: (sample) => rate(sample, ({ bytesIn }) => bytes(bytesIn)),
  },
  {
    title: 'out/s',
    align: 'right',
    text: (sample) => rate(sample, ({ bytesOut }) => bytes(bytesOut)),
  },
  {
    title: 'bus lag',
    align: 'right',
    text: (sample) =>
      of(sample, ({ bus }) =>
        bus === null
          ? 'none'
          : bus.responsive && bus.rttMs !== null
            ? duration(bus.rttMs)
            : 'no echo',
      ),
  },
  {
    title: 'loop p99',
    align: 'right',
    text: (sample) => of(sample, ({ eventLoop }) => duration(eventLoop.p99Ms)),
  },
  {
    title: 'lease',
    align: 'right',
    text: ({ known }) => (known.leaseLeftMs === undefined ? '-' : duration(known.leaseLeftMs)),
  },
];

/** The JSON output for each node. */
export function nodeData({ known, answer, rates }: Sample): object {
  return {
    node: known.node ?? (answer.kind === 'answered' ? answer.value.node : null),
    admin: known.admin?.address ?? null,
    state: stateOf({ known, answer, rates }),
    leaseLeftMs: known.leaseLeftMs ?? null,
    info: known.info,
    rates: rates ?? null,
    problem: answer.kind === 'silent' ? answer.why : null,
    view: answer.kind === 'answered' ? answer.value : null,
  };
}
