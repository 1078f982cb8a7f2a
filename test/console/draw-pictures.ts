/**
 * Draws the pictures of docs/console.md of a cluster that runs:
 *
 *     npm run demo &
 *     node test/console/draw-pictures.ts http://127.0.0.1:9200/ 1001
 */
import { fileURLToPath } from 'node:url';
import { newVisit, startChromium } from './browser.ts';

/** So much is to be seen in the plots. */
const WATCHED_MS = 60_000;

const [address = 'http://127.0.0.1:9200/', user] = process.argv.slice(2);
await using stack = new AsyncDisposableStack();
const browser = stack.adopt(await startChromium(), (started) => started.close());
for (const colorScheme of ['light', 'dark'] as const) {
  await using visit = await newVisit(browser, { colorScheme });
  const { page } = visit;
  await page.setViewportSize({ width: 1280, height: 1010 });
  await page.goto(address);
  if (user !== undefined) {
    await page.getByLabel('User ids').fill(user);
    await page.keyboard.press('Enter');
  }
  await page.waitForTimeout(WATCHED_MS);
  const file = new URL(`../../docs/console-${colorScheme}.png`, import.meta.url);
  await page.screenshot({ path: fileURLToPath(file) });
}
