/** Labels that a sample must have; it may have more. */
export type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/**
 * The value of a metric in a page of Prometheus' text format: the sum of all samples with these
 * labels.
 * @throws Error when there is none, so that a misspelt name does not read as 0.
 */
export function readMetric(page: string, name: string, labels: Labels = {}): number {
  const samples = parseSamples(page).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (samples.length === 0) {
    throw new Error(`no sample of ${name} with labels ${JSON.stringify(labels)}`);
  }
  return samples.reduce((sum, { value }) => sum + value, 0);
}

function parseSamples(page: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of page.split('\n')) {
    const parts = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (parts === null) continue;
    const [, name = '', labelText = '', value] = parts;
    samples.push({ name, labels: parseLabels(labelText), value: Number(value) });
  }
  return samples;
}

function parseLabels(text: string): Labels {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries(Array.from(pairs, ([, label = '', value = '']) => [label, value]));
}
