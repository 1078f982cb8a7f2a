import { readdirSync, readFileSync } from 'node:fs';
import { parseTrace, type Trace } from '@route/golden-replay';

/** All traces of a folder, './' or 'quirks/', by name. */
export function readTraces(folder: './' | 'quirks/'): readonly Trace[] {
  const url = new URL(folder, import.meta.url);
  return readdirSync(url)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => parseTrace(JSON.parse(readFileSync(new URL(name, url), 'utf8'))));
}
