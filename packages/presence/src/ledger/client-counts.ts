import { CLIENT_TYPE, type ClientType, isPc, wireClientType } from '@route/protocol';
import type { ClientCounts } from '../presence.ts';

/** Client counts by the index of their type. Missing trailing counts are 0. */
export type Counts = readonly number[];

interface CountedType {
  readonly type: ClientType;
  readonly isPc: boolean;
  /** The name in a Redis record. Scripts take an entry with 'w' or 'm' for a PC client. */
  readonly text: string;
}

/**
 * The protocol's types, then types added by settings, in the order of their first use. An added
 * type is written as the letter of its class and its hexadecimal number: 'w[3]1i[13]2' is one PC
 * client and two mobile clients.
 */
const TYPES: CountedType[] = [
  { type: CLIENT_TYPE.windows, isPc: true, text: 'w' },
  { type: CLIENT_TYPE.mac, isPc: true, text: 'm' },
  { type: CLIENT_TYPE.ios, isPc: false, text: 'i' },
  { type: CLIENT_TYPE.android, isPc: false, text: 'a' },
];

const UNKNOWN: CountedType = { type: 0, isPc: false, text: '?' };

export const NO_CLIENTS: ClientCounts = { windows: 0, mac: 0, ios: 0, android: 0 };

/** A switch instead of a search, because each update calls this. */
export function indexOfClientType(type: ClientType): number {
  switch (type) {
    case CLIENT_TYPE.windows:
      return 0;
    case CLIENT_TYPE.mac:
      return 1;
    case CLIENT_TYPE.ios:
      return 2;
    case CLIENT_TYPE.android:
      return 3;
    default:
      return indexOfAddedType(type);
  }
}

/** Settings add only a few types, and no other types reach this function. */
function indexOfAddedType(type: ClientType): number {
  const known = TYPES.findIndex((counted) => counted.type === type);
  if (known >= 0) return known;
  const pc = isPc(type);
  const text = `${pc ? 'w' : 'i'}[${wireClientType(type).toString(16)}]`;
  return TYPES.push({ type, isPc: pc, text }) - 1;
}

/** The type at an index that {@link indexOfClientType} has returned. */
export function clientTypeAt(index: number): CountedType {
  return TYPES[index] ?? UNKNOWN;
}

export function countsByType(counts: Counts): ClientCounts {
  const [windows = 0, mac = 0, ios = 0, android = 0, ...added] = counts;
  const standard = { windows, mac, ios, android };
  if (added.length === 0) return standard;
  const entries = added.map((n, i) => [nameOf(wireClientType(clientTypeAt(4 + i).type)), n]);
  return withOthers(standard, Object.fromEntries(entries));
}

/** Adds `counts`, multiplied by `times`, to other counts. */
export function addCounts(to: ClientCounts, counts: ClientCounts, times: number): ClientCounts {
  const others = { ...to.others };
  for (const [name, n] of Object.entries(counts.others ?? {})) {
    others[name] = (others[name] ?? 0) + n * times;
  }
  const standard = {
    windows: to.windows + counts.windows * times,
    mac: to.mac + counts.mac * times,
    ios: to.ios + counts.ios * times,
    android: to.android + counts.android * times,
  };
  return withOthers(standard, others);
}

/** Parses an entry's text, which {@link CountedType.text} and the counts make up, as in 'w1i2'. */
export function parseClientCounts(text: string): ClientCounts {
  const standard = new Map<string, number>();
  const others: Record<string, number> = {};
  for (const [, letter = '', added, count] of text.matchAll(/([a-z])(?:\[([0-9a-f]+)\])?(\d+)/g)) {
    if (added === undefined) standard.set(letter, Number(count));
    else others[nameOf(Number.parseInt(added, 16))] = Number(count);
  }
  const of = (letter: string): number => standard.get(letter) ?? 0;
  return withOthers({ windows: of('w'), mac: of('m'), ios: of('i'), android: of('a') }, others);
}

function withOthers(
  standard: Omit<ClientCounts, 'others'>,
  others: Readonly<Record<string, number>>,
): ClientCounts {
  const present = Object.entries(others).filter(([, n]) => n > 0);
  return present.length === 0 ? standard : { ...standard, others: Object.fromEntries(present) };
}

function nameOf(wire: number): string {
  return `0x${wire.toString(16)}`;
}
