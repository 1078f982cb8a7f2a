import type { ScenarioResult } from './results.ts';
import { summaryOf } from './results.ts';
import type { PlotSpec } from './scenario.ts';
import type { Summary } from './statistics.ts';
import { linearScale, logScale, type Scale, shortNumber } from './svg-scale.ts';

/** One point of a curve. */
export interface Point extends Summary {
  readonly x: number;
}

/** The points of one subject, from left to right. */
export interface Curve {
  readonly subject: string;
  readonly points: readonly Point[];
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 80;
const RIGHT = WIDTH - 24;
const TOP = 48;
const BOTTOM = HEIGHT - 84;
/** Distinguishable without colour vision. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00'];

/** The curves of a plot that have points in a result. */
export function curvesOf(plot: PlotSpec, { cases }: ScenarioResult): Curve[] {
  const suffix = ` ${plot.unit}`;
  const points = new Map<string, Point[]>();
  for (const one of cases) {
    const summary = summaryOf(one, plot.figure);
    if (summary === undefined || one.at?.endsWith(suffix) !== true) continue;
    const x = Number(one.at.slice(0, -suffix.length));
    const own = points.get(one.subject) ?? [];
    points.set(one.subject, [...own, { x, ...summary }]);
  }
  return [...points].map(([subject, own]) => {
    return { subject, points: own.toSorted((a, b) => a.x - b.x) };
  });
}

/** Draws curves: lines between medians, with a bar from the minimum to the maximum reading. */
export function drawPlot(plot: PlotSpec, curves: readonly Curve[]): string {
  const all = curves.flatMap(({ points }) => points);
  const xs = all.map(({ x }) => x);
  const x = logScale(xs, LEFT + 20, RIGHT - 20);
  const mosts = all.map(({ most }) => most);
  const y = linearScale(mosts, BOTTOM, TOP);
  const drawn = [
    ...x.ticks.map((tick) => xTick(tick, x)),
    ...y.ticks.map((tick) => yTick(tick, y)),
    ...curves.map((curve, i) => drawCurve(curve, { x, y, colour: colourOf(i) })),
    ...curves.map(({ subject }, i) => legend(subject, i)),
  ];
  const axis = 'font-size="13" text-anchor="middle"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">
<title>${escaped(plot.title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="26" font-size="16">${escaped(plot.title)}</text>
<text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 40}" ${axis}>${escaped(plot.unit)}</text>
<text transform="translate(20 ${(TOP + BOTTOM) / 2}) rotate(-90)" ${axis}>${escaped(plot.yLabel)}</text>
${drawn.join('\n')}
</svg>
`;
}

function xTick(tick: number, { place }: Scale): string {
  const x = place(tick).toFixed(1);
  return `<path d="M${x} ${BOTTOM}V${BOTTOM + 5}" stroke="#888"/><text x="${x}" y="${BOTTOM + 20}" text-anchor="middle">${tick.toLocaleString('en')}</text>`;
}

function yTick(tick: number, { place }: Scale): string {
  const y = place(tick).toFixed(1);
  return `<path d="M${LEFT} ${y}H${RIGHT}" stroke="#ddd"/><text x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${shortNumber(tick)}</text>`;
}

function drawCurve(
  { points }: Curve,
  { x, y, colour }: { readonly x: Scale; readonly y: Scale; readonly colour: string },
): string {
  const places = points.map((point) => {
    const [at, median] = [x.place(point.x).toFixed(1), y.place(point.median).toFixed(1)];
    const spread = `M${at} ${y.place(point.least).toFixed(1)}V${y.place(point.most).toFixed(1)}`;
    return { at, median, spread };
  });
  const line = places.map(({ at, median }, i) => `${i === 0 ? 'M' : 'L'}${at} ${median}`).join('');
  const dots = places.map(({ at, median, spread }) => {
    return `<path d="${spread}" stroke="${colour}"/><circle cx="${at}" cy="${median}" r="4" fill="${colour}"/>`;
  });
  return `<path d="${line}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`;
}

function legend(subject: string, i: number): string {
  const x = LEFT + (i % 3) * 210;
  const y = BOTTOM + 62 + Math.floor(i / 3) * 18;
  return `<circle cx="${x + 5}" cy="${y - 4}" r="5" fill="${colourOf(i)}"/><text x="${x + 16}" y="${y}">${escaped(subject)}</text>`;
}

function colourOf(i: number): string {
  return COLOURS[i % COLOURS.length] ?? '#000';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
