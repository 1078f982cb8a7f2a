import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '@route/fixtures';

const SOURCE = `${ROOT}deploy/prometheus`;

/**
 * Copies deploy/prometheus with short times for tests: scrapes and rule evaluations every second,
 * and alerts fire after 2 s. The rules' expressions are unchanged.
 */
export async function shortenedMonitoring(folder: string): Promise<void> {
  await mkdir(join(folder, 'alerts'), { recursive: true });
  const config = await readFile(join(SOURCE, 'prometheus.yml'), 'utf8');
  const everySecond = config
    .replace(/scrape_interval: .*/, 'scrape_interval: 1s')
    .replace(/scrape_timeout: .*/, 'scrape_timeout: 1s')
    .replace(/evaluation_interval: .*/, 'evaluation_interval: 1s')
    .replace(/refresh_interval: \w+/, 'refresh_interval: 1s');
  await writeFile(join(folder, 'prometheus.yml'), everySecond);
  for (const file of await readdir(join(SOURCE, 'alerts'))) {
    const rules = await readFile(join(SOURCE, 'alerts', file), 'utf8');
    await writeFile(join(folder, 'alerts', file), rules.replaceAll(/ for: \w+/g, ' for: 2s'));
  }
}
