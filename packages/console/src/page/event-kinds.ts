import type { NodeEvent } from './cluster-state.ts';

/** Filters for events. */
export const EVENT_KINDS = {
  all: 'all',
  links: 'links',
  presence: 'presence and leases',
  bus: 'bus and Redis',
  alerts: 'alerts: warnings and errors',
} as const;

export type EventKind = keyof typeof EVENT_KINDS;

const BEGINNINGS: Readonly<Record<Exclude<EventKind, 'all' | 'alerts'>, RegExp>> = {
  links: /^(link|second-link)/,
  presence: /^(presence|lease|node-reaped|resync|lost|reap)/,
  bus: /^(bus|redis)/,
};

/** Whether an event is of a kind. */
export function isOfKind({ event, level }: NodeEvent, kind: EventKind): boolean {
  if (kind === 'all') return true;
  if (kind === 'alerts') return level !== 'info';
  return BEGINNINGS[kind].test(event);
}

/** The details of an event in one line. */
export function factsOf({ facts }: NodeEvent): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${textOf(value)}`)
    .join(', ');
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(textOf).join(' ');
  if (typeof value === 'object' && value !== null && 'message' in value)
    return textOf(value.message);
  return JSON.stringify(value) ?? '';
}
