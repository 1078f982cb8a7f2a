import type { readable } from '@route/golden-replay';

type Readable = ReturnType<typeof readable>;

/** Where a link received something else than it should have; undefined: nothing. */
interface Difference {
  readonly link: string;
  readonly expected: string | undefined;
  readonly received: string | undefined;
}

/** All differences between a trace's expectations and the received PDUs. */
export function differences(expected: Readable, received: Readable): Difference[] {
  const found: Difference[] = [];
  for (const [link, lines] of Object.entries(expected.links)) {
    found.push(...differencesOf(link, lines, received.links[link] ?? []));
  }
  const closed = (of: Readable, link: string): string | undefined => {
    const step = of.closedByServer[link];
    return step === undefined ? undefined : `step ${step}: closed by the server`;
  };
  for (const link of Object.keys(expected.links)) {
    found.push(...differenceOf(link, closed(expected, link), closed(received, link)));
  }
  const beats = ({ heartbeats }: Readable): string | undefined =>
    heartbeats === undefined ? undefined : `heartbeats: ${heartbeats}`;
  found.push(...differenceOf('all links', beats(expected), beats(received)));
  return found;
}

function differencesOf(
  link: string,
  expected: readonly string[],
  received: readonly string[],
): Difference[] {
  const length = Math.max(expected.length, received.length);
  return Array.from({ length }, (_, i) => differenceOf(link, expected[i], received[i])).flat();
}

function differenceOf(
  link: string,
  expected: string | undefined,
  received: string | undefined,
): Difference[] {
  return expected === received ? [] : [{ link, expected, received }];
}
