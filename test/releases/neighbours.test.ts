import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { startCluster } from '../harness/index.ts';
import { type InstalledRelease, installRelease } from './earlier-release.ts';
import { linksWithUsers, REFUSING_ENV, undisturbed } from './refusing.ts';
import { lastNeighbours } from './releases.ts';
import { replaceUnderLoad } from './sharing.ts';

const { older, newer, together } = lastNeighbours();
const names = `${older.version} and ${newer.version}`;
const TIMEOUT_MS = 180_000;

let installed: InstalledRelease;
beforeAll(async () => {
  installed = await installRelease(older);
}, TIMEOUT_MS);
afterAll(() => installed[Symbol.asyncDispose]());

function refuseEachOther(): void {
  test(
    'a node of the newer one that starts beside the older is not ready, says why, and disturbs nothing',
    async () => {
      const { program } = installed;
      await using cluster = await startCluster({ nodes: 2, env: REFUSING_ENV, program });
      await using set = await linksWithUsers(cluster.nodes);
      const [first, second] = cluster.nodes;
      await undisturbed(cluster, set, async () => {
        const refused = await cluster.add({ waitUntilReady: false });
        const line = await refused.waitForLog('cluster-refused', () => true, 20_000);
        expect(String(line['problem'])).toContain(older.version);
        const answer = await fetch(`${refused.adminUrl}/readyz`);
        expect(answer.status).toBe(503);
        expect(await answer.json()).toMatchObject({ reasons: { cluster: expect.any(String) } });
      });

      // The upgrade is to stop all of the older ones: then the newer takes over.
      first?.signal('SIGTERM');
      second?.signal('SIGTERM');
      await Promise.all([first?.exited, second?.exited]);
      const upgraded = cluster.node(2);
      await upgraded.waitForStart('ready');
      await using links = await openKnownLinks([upgraded], 2);
      links.link(0).msgData(7, 1);
      await links.link(1).waitForPdus(1);
    },
    TIMEOUT_MS,
  );

  test(
    'a node of the older one that starts beside the newer disturbs nothing',
    async () => {
      await using cluster = await startCluster({ nodes: 2, env: REFUSING_ENV });
      await using set = await linksWithUsers(cluster.nodes);
      await undisturbed(cluster, set, async () => {
        const { program } = installed;
        const late = await cluster.add({ program, waitUntilReady: false });
        await late.waitForLog('lease-taken', () => true, 20_000);
      });
    },
    TIMEOUT_MS,
  );
}

function workInOneCluster(): void {
  test(
    'nodes of the older one are replaced by the newer under load',
    () => replaceUnderLoad(installed.program, undefined),
    TIMEOUT_MS,
  );

  test(
    'nodes of the newer one are replaced by the older under load',
    () => replaceUnderLoad(undefined, installed.program),
    TIMEOUT_MS,
  );
}

if (together === 'refuses') describe(`${names} refuse each other`, refuseEachOther);
else describe(`${names} work in one cluster`, workInOneCluster);

// Shows that the test for releases that share a cluster holds where they certainly do.
test(
  'nodes are replaced by those of the same release under load',
  () => replaceUnderLoad(undefined, undefined),
  TIMEOUT_MS,
);
