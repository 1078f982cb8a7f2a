import type { PrometheusClient, Range, Series } from './prometheus-client.ts';
import { asAsked, type Panel, readPanels } from './queries.ts';

const COLUMNS = 3;
const WIDTH = 400;
const HEIGHT = 190;
const PLOT = { left: 56, top: 30, width: 330, height: 112 } as const;
const MOST_IN_LEGEND = 6;
const COLOURS = [
  '#3274d9',
  '#e0752d',
  '#299c46',
  '#a352cc',
  '#d44a3a',
  '#0f9e98',
  '#b8860b',
  '#777',
];

interface Line {
  readonly name: string;
  readonly points: Series['points'];
}

/**
 * Draws the dashboard as SVG with the results of each panel's queries, where no Grafana is
 * available.
 */
export async function drawDashboard(prometheus: PrometheusClient, range: Range): Promise<string> {
  const panels = readPanels().filter(({ targets }) => targets.length > 0);
  const rows = Math.ceil(panels.length / COLUMNS);
  const drawn: string[] = [];
  for (const [i, panel] of panels.entries()) {
    const x = (i % COLUMNS) * WIDTH;
    const y = Math.floor(i / COLUMNS) * HEIGHT;
    const lines = await linesOf(prometheus, panel, range);
    drawn.push(
      `<g transform="translate(${x},${y})">`,
      ...drawPanel(panel.title, lines, range),
      '</g>',
    );
  }
  const [width, height] = [COLUMNS * WIDTH, rows * HEIGHT];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    '<title>The route cluster’s dashboard: what each query came to over a few minutes</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

async function linesOf(
  prometheus: PrometheusClient,
  { targets }: Panel,
  range: Range,
): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { expr, legendFormat } of targets) {
    for (const { labels, points } of await prometheus.queryRange(asAsked(expr, '10s'), range)) {
      const name = legendFormat.replaceAll(
        /\{\{(\w+)\}\}/g,
        (_, label: string) => labels[label] ?? '',
      );
      lines.push({ name, points: points.filter(([, value]) => Number.isFinite(value)) });
    }
  }
  return lines;
}

function drawPanel(title: string, lines: readonly Line[], range: Range): string[] {
  const { left, top, width, height } = PLOT;
  const most = Math.max(...lines.flatMap(({ points }) => points.map(([, value]) => value)), 0);
  const scale = most === 0 ? 1 : most;
  const bottom = top + height;
  const drawn = [
    `<text x="8" y="18" font-size="13" font-weight="bold">${escaped(title)}</text>`,
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="#fafafa" stroke="#ddd"/>`,
    `<text x="${left - 5}" y="${top + 9}" text-anchor="end" fill="#555">${short(scale)}</text>`,
    `<text x="${left - 5}" y="${bottom}" text-anchor="end" fill="#555">0</text>`,
  ];
  for (const [i, { name, points }] of lines.entries()) {
    const colour = COLOURS[i % COLOURS.length];
    const path = stretches(points, 2 * range.stepSeconds).flatMap((stretch) =>
      bends(stretch).map(([at, value], k) => {
        const x = left + ((at - range.from) / (range.to - range.from)) * width;
        const y = bottom - (value / scale) * height;
        return `${k === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
      }),
    );
    drawn.push(`<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="1.3"/>`);
    if (i >= MOST_IN_LEGEND) continue;
    const x = left + (i % 3) * 112;
    const y = bottom + 14 + Math.floor(i / 3) * 13;
    drawn.push(`<text x="${x}" y="${y}" fill="${colour}" font-size="10">${escaped(name)}</text>`);
  }
  return drawn;
}

type Points = Series['points'];

/** A series with missing samples is drawn with a gap. */
function stretches(points: Points, mostSeconds: number): Points[] {
  const parts: (readonly [number, number])[][] = [];
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (point[0] - lastAt > mostSeconds) parts.push([]);
    parts.at(-1)?.push(point);
    lastAt = point[0];
  }
  return parts;
}

/** A stretch without the points in the midst of a level part. */
function bends(stretch: Points): Points {
  return stretch.filter(
    ([, value], i) => stretch[i - 1]?.[1] !== value || stretch[i + 1]?.[1] !== value,
  );
}

/** 1234567 as 1.2M. */
function short(value: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 2 }).format(
    value,
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
