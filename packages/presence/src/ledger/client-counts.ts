import { CLIENT_TYPE, type ClientType, isPc, wireClientType } from '@route/protocol';
import type { ClientCounts } from '../presence.ts';

/** Client counts by the index of their type. Missing trailing counts are 0. */
export type Counts = readonly number[];

interface CountedType {
  readonly type: ClientType;
  readonly isPc: boolean;
  /** The name in a Redis record. Scripts take an entry with 'w' or 'm' for a PC client. */
  readonly text: string;
  readonly name: string;
}

/**
 * The protocol's types, then added types in the order of their first use. An added type is written
 * as the letter of its class and its hexadecimal number: 'w[3]1i[13]2'.
 */
const TYPES: CountedType[] = [
  { type: CLIENT_TYPE.windows, isPc: true, text: 'w', name: 'windows' },
  { type: CLIENT_TYPE.mac, isPc: true, text: 'm', name: 'mac' },
  { type: CLIENT_TYPE.ios, isPc: false, text: 'i', name: 'ios' },
  { type: CLIENT_TYPE.android, isPc: false, text: 'a', name: 'android' },
];

const UNKNOWN: CountedType = { type: 0, isPc: false, text: '?', name: '?' };

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
  const wire = wireClientType(type);
  const text = `${pc ? 'w' : 'i'}[${wire.toString(16)}]`;
  return TYPES.push({ type, isPc: pc, text, name: nameOfAdded(wire) }) - 1;
}

/** The type at an index that {@link indexOfClientType} has returned. */
export function clientTypeAt(index: number): CountedType {
  return TYPES[index] ?? UNKNOWN;
}

export function countsByType(counts: Counts): ClientCounts {
  return sumOf(counts.map((n, i) => [clientTypeAt(i).name, n]));
}

/** Adds `counts`, multiplied by `times`, to other counts. */
export function addCounts(to: ClientCounts, counts: ClientCounts, times: number): ClientCounts {
  return sumOf([...named(to), ...named(counts).map(([name, n]) => [name, n * times] as const)]);
}

/** Parses an entry's text, which {@link CountedType.text} and the counts make up, as in 'w1i2'. */
export function parseClientCounts(text: string): ClientCounts {
  const matches = text.matchAll(/([a-z])(?:\[([0-9a-f]+)\])?(\d+)/g);
  const counts = [...matches].flatMap(([, letter, added, count]) => {
    const standard = TYPES.find((type) => type.text === letter)?.name;
    const name = added === undefined ? standard : nameOfAdded(Number.parseInt(added, 16));
    return name === undefined ? [] : [[name, Number(count)] as const];
  });
  return sumOf(counts);
}

/** Adds counts with the same name. */
function sumOf(counts: readonly (readonly [string, number])[]): ClientCounts {
  const sums: Record<string, number> = {};
  for (const [name, n] of counts) if (n > 0) sums[name] = (sums[name] ?? 0) + n;
  const { windows = 0, mac = 0, ios = 0, android = 0, ...others } = sums;
  const standard = { windows, mac, ios, android };
  return Object.keys(others).length === 0 ? standard : { ...standard, others };
}

function named({ others, ...standard }: ClientCounts): readonly (readonly [string, number])[] {
  return Object.entries({ ...standard, ...others });
}

function nameOfAdded(wire: number): string {
  return `0x${wire.toString(16)}`;
}
