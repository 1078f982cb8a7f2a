import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKnownLink, openKnownLinks } from '../cluster/known-links.ts';
import { clientsOf, waitForPresence } from '../cluster/statuses.ts';
import { type Cluster, startCluster } from '../harness/index.ts';
import { hasChromium, newVisit, startChromium } from './browser.ts';
import { fakeCluster } from './faked-cluster.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.runIf(hasChromium())('the console in Chromium', () => {
  const stack = new AsyncDisposableStack();
  let cluster: Cluster;
  let browser: Browser;
  beforeAll(async () => {
    browser = stack.adopt(await startChromium(), (started) => started.close());
    cluster = stack.use(await startCluster());
  });
  afterAll(() => stack.disposeAsync());

  test('any node’s page shows all nodes, and asks that node alone', async () => {
    for (const node of cluster.nodes) {
      await using visit = await newVisit(browser);
      const { page } = visit;
      await page.goto(`${node.adminUrl}/`);
      for (const { id } of cluster.nodes) {
        await page.locator(`#nodes tr.ready[data-row="${id}"]`).waitFor();
        await page.locator(`.map [data-node="${id}"] .node.ready`).waitFor();
      }
      await page.getByText('All ready: 3 nodes').waitFor();
      expect(await page.locator('#nodes tr', { hasText: '(this one)' }).count()).toBe(1);
      // Every node has been asked for its own answer, through this one.
      await page.getByRole('img', { name: /^PDUs received: [\d.]+\/s/ }).waitFor();
      expect([...visit.origins]).toEqual([node.adminUrl]);
      expect(visit.errors).toEqual([]);
    }
  });

  test('links appear where they are opened, and go when they are closed', async () => {
    await using visit = await newVisit(browser);
    const { page } = visit;
    await page.goto(`${cluster.node(0).adminUrl}/`);
    await using stays = await openKnownLink(cluster.node(1));
    const drawn = page.locator(`.map [data-node="${cluster.node(1).id}"] .link`);
    {
      await using goes = await openKnownLinks([cluster.node(1)], 4);
      await waitForCount(page, drawn, 5);
      for (const { address } of [stays, ...goes.links]) {
        await page.locator('#links tr', { hasText: address }).waitFor();
      }
    }
    await waitForCount(page, drawn, 1);
    await page.locator('#links tr', { hasText: stays.address }).waitFor();
  });

  test('a user is found with the msg_server, though another node holds the link', async () => {
    await using link = await openKnownLink(cluster.node(2));
    link.online([
      { userId: 4711, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows },
      { userId: 4711, status: USER_STATUS.online, clientType: CLIENT_TYPE.ios },
    ]);
    await link.known();
    await using visit = await newVisit(browser);
    const { page } = visit;
    await page.goto(`${cluster.node(0).adminUrl}/`);
    await page.locator('#links tr', { hasText: link.address }).waitFor();
    await page.getByLabel('User ids').fill('4711, 4712');
    await page.keyboard.press('Enter');
    const found = page.locator('.found');
    await found.getByText('User 4711 is online with a PC client.').waitFor();
    await found.getByText('User 4712 is on no link.').waitFor();
    const row = found.locator('tbody tr');
    expect(await row.textContent()).toContain(link.address);
    expect(await row.textContent()).toContain('1 windows, 1 ios');
    // Where the user is stands out in the drawing and in the table.
    await waitForCount(page, page.locator('.map .link.is-marked'), 1);
    await page.locator('#links th.marked', { hasText: link.address }).waitFor();
    await page.locator('.totals tr[data-type="windows"] td', { hasText: /^1$/ }).waitFor();

    await page.getByLabel('User ids').fill('unknown');
    await page.keyboard.press('Enter');
    await found.getByText('ids are "unknown": expected').waitFor();
    await waitForCount(page, page.locator('.map .link.is-marked'), 0);
  });

  test('events of every node arrive while the page is open', async () => {
    await using visit = await newVisit(browser);
    const { page } = visit;
    await page.goto(`${cluster.node(0).adminUrl}/`);
    await page.locator('#events tr[data-event="ready"]').first().waitFor();
    for (const node of cluster.nodes) {
      await using link = await openKnownLink(node);
      const row = page.locator('#events tr[data-event="link-opened"]', { hasText: link.address });
      await row.waitFor();
      expect(await row.textContent()).toContain(node.id.slice(0, 5));
    }
    await page.getByLabel('Show').selectOption('alerts');
    expect(await page.locator('#events tr[data-event="link-opened"]').count()).toBe(0);
  });

  test('a dead node is shown and announced to screen readers', async () => {
    await using two = await startCluster({ nodes: 2, env: { ROUTE_LEASE_SECONDS: '1' } });
    const gone = two.node(1);
    const { id } = gone;
    // A user is online: its link can be reaped.
    await using held = await openKnownLink(gone);
    held.online(clientsOf([1]));
    await waitForPresence([held], { online: [1] });
    await using visit = await newVisit(browser);
    const { page } = visit;
    await page.goto(`${two.node(0).adminUrl}/`);
    await page.locator(`#nodes tr.ready[data-row="${id}"]`).waitFor();
    await gone.kill();
    await page.locator(`#nodes tr.dead[data-row="${id}"]`).waitFor();
    await page.locator(`.map [data-node="${id}"] .node.dead`).waitFor();
    const heard = page.getByRole('status').filter({ hasText: `node ${id.slice(0, 5)} is dead` });
    await heard.waitFor();
    await page.locator('#events tr[data-event="node-reaped"]', { hasText: id }).waitFor();
  });

  test.each(['light', 'dark'] as const)(
    'the page has no accessibility violations, %s',
    async (scheme) => {
      await using set = await openKnownLinks(cluster.nodes, 3);
      await using visit = await newVisit(browser, { colorScheme: scheme, bypassCSP: true });
      const { page } = visit;
      await page.goto(`${cluster.node(0).adminUrl}/`);
      for (const { address } of set.links) {
        await page.locator('#links tr', { hasText: address }).waitFor();
      }
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<AxeResults>('axe.run()');
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    },
  );

  test('the keyboard reaches all controls in the order of the page', async () => {
    await using visit = await newVisit(browser);
    const { page } = visit;
    await page.goto(`${cluster.node(0).adminUrl}/`);
    await page.locator('#nodes tbody tr').first().waitFor();
    const reached: string[] = [];
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate<string>(FOCUSED));
    }
    expect(reached).toEqual([
      'Skip to the overview',
      'nodes',
      'links',
      'User ids',
      'Look up',
      'Nodes, scrolls',
      'Show',
      'Recent events, scrolls',
      'Only with',
      'Links, scrolls',
    ]);
  });

  test.each([
    ['no-preference', 'flow'],
    ['reduce', 'none'],
  ] as const)(
    'traffic on the bus is animated unless reduced motion is requested: %s',
    async (reducedMotion, motion) => {
      await using visit = await newVisit(browser, { reducedMotion });
      const { page } = visit;
      await fakeCluster(page, { nodes: 3, links: 3 });
      await page.goto(`${cluster.node(0).adminUrl}/`);
      await page.locator('.spoke.flows').first().waitFor({ state: 'attached' });
      expect(await page.evaluate<string>(MOTION)).toBe(motion);
    },
  );

  test('draws 20 nodes and all of their 200 links', async () => {
    await using visit = await newVisit(browser);
    const { page } = visit;
    await fakeCluster(page, { nodes: 20, links: 200 });
    await page.goto(`${cluster.node(0).adminUrl}/`);
    await waitForCount(page, page.locator('.map .link'), 200);
    await waitForCount(page, page.locator('.map .node'), 20);
    await waitForCount(page, page.locator('#links tbody tr'), 200);
    const busy = await busyOver(page, 3000);
    process.stdout.write(`20 nodes, 200 links: the page is busy ${busy} ms in a second\n`);
    await waitForCount(page, page.locator('.map .link'), 200);
    expect(visit.errors).toEqual([]);
  });
});

/** The name of what has the focus; empty when nothing of the page has it. */
const FOCUSED = `(() => {
  const { activeElement: it } = document;
  if (it === document.body) return '';
  return it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent;
})()`;

/** How the way to the bus moves. */
const MOTION = `getComputedStyle(document.querySelector('.spoke.flows')).animationName`;

/** How many ms of processor time the page takes in a second. */
async function busyOver(page: Page, ms: number): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taken = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
  const [before, beganMs] = [await taken(), performance.now()];
  await page.waitForTimeout(ms);
  return Math.round(((await taken()) - before) / ((performance.now() - beganMs) / 1e6));
}

async function waitForCount(page: Page, what: ReturnType<Page['locator']>, count: number) {
  await expect
    .poll(() => what.count(), { timeout: 10_000, message: `what is drawn at ${page.url()}` })
    .toBe(count);
}
