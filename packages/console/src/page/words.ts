import type { ClientCounts } from '@route/admin-api';
import type { NodeState } from './cluster-state.ts';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A count with its thousands apart; below 10, with one digit behind the point. */
export function count(value: number): string {
  const digits = value < 10 && !Number.isInteger(value) ? 1 : 0;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** Counts of clients by the name of their type, the added types behind the others. */
export function countsByName(counts: ClientCounts | undefined): [string, number][] {
  if (counts === undefined) return [];
  const { others, ...standard } = counts;
  return Object.entries({ ...standard, ...others });
}

/** Bytes in the unit that makes them short. */
export function bytes(value: number): string {
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < BYTE_UNITS.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${count(rest)} ${BYTE_UNITS[unit]}`;
}

/** Milliseconds as readable text. */
export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : count(Math.round(value))} ms`;
}

/** A time that has passed, in its two greatest units at the most. */
export function since(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The hour, minute and second of a time. */
export function timeOfDay(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

/** `1 link`, `2 links`. */
export function some(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? '' : 's'}`;
}

/** The start of a node's id, for drawings; two nodes hardly ever have the same. */
export function shortId(node: string): string {
  return node.slice(0, 5);
}

/** A node's state, which determines its colour. */
export type NodeMood = 'ready' | 'unready' | 'silent' | 'dead';

/** A node's state with its reason. */
export function moodOf({ entry, view, problems }: NodeState): { mood: NodeMood; why: string } {
  if (!entry.alive) return { mood: 'dead', why: 'dead: its lease has ended' };
  const [problem] = Object.values(problems);
  if (problem !== undefined) return { mood: 'silent', why: `no answer: ${problem}` };
  if (view === undefined) return { mood: 'ready', why: 'not asked yet' };
  if (view.ready) return { mood: 'ready', why: 'ready' };
  return { mood: 'unready', why: view.reasons.map(({ reason }) => reason).join(', ') };
}
