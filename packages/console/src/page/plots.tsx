import { useMemo } from 'preact/hooks';
import type { Sample } from './rates.ts';
import { bytes, count, milliseconds, since } from './words.ts';

interface PlotSpec {
  readonly title: string;
  readonly read: (sample: Sample) => number | null;
  readonly say: (value: number) => string;
}

const PLOTS: readonly PlotSpec[] = [
  {
    title: 'PDUs received',
    read: ({ receivedPdus }) => receivedPdus,
    say: (value) => `${count(value)}/s`,
  },
  {
    title: 'Sent to links',
    read: ({ sentBytes }) => sentBytes,
    say: (value) => `${bytes(value)}/s`,
  },
  {
    title: 'Sent over the bus',
    read: ({ busBytes }) => busBytes,
    say: (value) => `${bytes(value)}/s`,
  },
  { title: 'Waits for slow links', read: ({ unsentBytes }) => unsentBytes, say: bytes },
  { title: 'Bus echo, slowest node', read: ({ rttMs }) => rttMs, say: milliseconds },
  {
    title: 'Loop delay p99, slowest node',
    read: ({ loopP99Ms }) => loopP99Ms,
    say: milliseconds,
  },
];

/** All nodes' rates and latencies over the last minutes. */
export function Plots({ samples }: { readonly samples: readonly Sample[] }) {
  return (
    <section class="plots" aria-labelledby="plots-title">
      <h2 id="plots-title">Rates and latencies</h2>
      <div class="plot-grid">
        {PLOTS.map((spec) => (
          <Plot key={spec.title} spec={spec} samples={samples} />
        ))}
      </div>
    </section>
  );
}

const WIDTH = 300;
const HEIGHT = 60;

/** Space between points: the drawing is full after three minutes. */
const STEP = WIDTH / 179;

function Plot({ spec, samples }: { readonly spec: PlotSpec; readonly samples: readonly Sample[] }) {
  const { line, area, last, most } = useMemo(() => pathOf(spec, samples), [spec, samples]);
  const title = `${spec.title}: ${last}, at most ${most} ${overOf(samples)}`;
  return (
    <figure class="plot">
      <figcaption>
        {spec.title} <strong>{last}</strong>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={title}
      >
        <path class="area" d={area} />
        <path class="line" d={line} />
      </svg>
      <p class="scale" aria-hidden="true">
        <span>most {most}</span>
        <span>{overOf(samples)}</span>
      </p>
    </figure>
  );
}

function overOf(samples: readonly Sample[]): string {
  const [first, last] = [samples[0], samples.at(-1)];
  return first === undefined || last === undefined
    ? 'nothing yet'
    : `over ${since(last.atMs - first.atMs)}`;
}

function pathOf({ read, say }: PlotSpec, samples: readonly Sample[]) {
  const values = samples.map(read);
  const numbers = values.filter((value) => value !== null);
  if (numbers.length === 0) return { line: '', area: '', last: '–', most: '–' };
  const most = Math.max(...numbers);
  const top = most === 0 ? 1 : most;
  const points = values.flatMap((value, i) => {
    if (value === null) return [];
    const x = WIDTH - (values.length - 1 - i) * STEP;
    return [`${x.toFixed(1)} ${(HEIGHT - 2 - (value / top) * (HEIGHT - 6)).toFixed(1)}`];
  });
  const line = `M${points.join('L')}`;
  const [start, end] = [points[0], points.at(-1)];
  const area = `${line}L${end?.split(' ')[0]} ${HEIGHT}L${start?.split(' ')[0]} ${HEIGHT}Z`;
  const last = values.at(-1);
  return { line, area, last: last == null ? '–' : say(last), most: say(most) };
}
