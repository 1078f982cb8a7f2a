/**
 * Draws the pictures of docs/console.md: the page of a node that runs, with made-up clusters in it.
 *
 *     ROUTE_ENGINE=memory npx route-node &
 *     node test/console/draw-pictures.ts http://127.0.0.1:9200/
 *     pngquant --force --ext .png 64 docs/console-*.png
 */
import { fileURLToPath } from 'node:url';
import { newVisit, startChromium } from './browser.ts';
import { fakeCluster } from './faked-cluster.ts';

/** So much is to be seen in the plots. */
const WATCHED_MS = 50_000;

const PICTURES = [
  { colorScheme: 'light', nodes: 3, links: 24 },
  { colorScheme: 'dark', nodes: 20, links: 200 },
] as const;

const [address = 'http://127.0.0.1:9200/'] = process.argv.slice(2);
await using stack = new AsyncDisposableStack();
const browser = stack.adopt(await startChromium(), (started) => started.close());
for (const { colorScheme, ...size } of PICTURES) {
  await using visit = await newVisit(browser, {
    colorScheme,
    viewport: { width: 1280, height: 1010 },
  });
  const { page } = visit;
  await fakeCluster(page, size);
  await page.goto(address);
  await page.locator('#links tbody tr').first().waitFor();
  await page.getByLabel('User ids').fill('1001');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(WATCHED_MS);
  const file = new URL(`../../docs/console-${colorScheme}.png`, import.meta.url);
  await page.screenshot({ path: fileURLToPath(file) });
}
