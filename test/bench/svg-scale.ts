/** Positions of values on one axis of a plot. */
export interface Scale {
  /** In pixels. */
  place(value: number): number;
  /** Values of the tick marks. */
  readonly ticks: readonly number[];
}

/** From 0 to a round number that is not below the maximum. */
export function linearScale(values: readonly number[], from: number, to: number): Scale {
  const most = Math.max(...values, Number.MIN_VALUE);
  const step = roundStep(most / 5);
  const count = Math.ceil(most / step);
  const ticks = Array.from({ length: count + 1 }, (_, i) => i * step);
  const end = count * step;
  return { place: (value) => from + ((to - from) * value) / end, ticks };
}

/**
 * Logarithmic: each doubling has the same length; ticks at the values themselves. All must be above
 * 0.
 */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const ticks = [...new Set(values)].toSorted((a, b) => a - b);
  const least = Math.log2(ticks[0] ?? 1);
  const span = Math.log2(ticks.at(-1) ?? 1) - least;
  const place = (value: number): number =>
    span === 0 ? (from + to) / 2 : from + ((to - from) * (Math.log2(value) - least)) / span;
  return { place, ticks };
}

/** Returns the least of 1, 2 and 5 times a power of ten that is not below a value. */
export function roundStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** `1.5 M`, `200 k`, `0.5`. */
export function shortNumber(value: number): string {
  if (value >= 1e6) return `${trimmed(value / 1e6)} M`;
  if (value >= 1e3) return `${trimmed(value / 1e3)} k`;
  return trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(3)));
}
