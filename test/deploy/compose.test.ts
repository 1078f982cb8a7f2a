import { writeFile } from 'node:fs/promises';
import { waitFor } from '@route/fixtures';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  onTestFailed,
  test,
} from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { GOLDEN_ENV, goldenSuite } from '../golden/golden-suite.ts';
import { CLUSTER, ComposeProject } from './compose-project.ts';
import { drawDashboard } from './draw-dashboard.ts';
import { People } from './people.ts';
import { PrometheusClient } from './prometheus-client.ts';
import { asAsked, metricsIn, readAlerts, readPanels } from './queries.ts';
import { runProgram } from './run-program.ts';

const START_DEADLINE_MS = 240_000;
const SCENE_DEADLINE_MS = 180_000;

/** Drains short enough to be waited for, long enough for Prometheus to see them. */
const ENV = { ROUTE_DRAIN_SECONDS: '4' };

const MAX_IMAGE_BYTES = 170_000_000;

describe.runIf(inject('noContainersBecause') === '')('docker-compose.yml', () => {
  const stack = new AsyncDisposableStack();
  let project: ComposeProject;

  beforeAll(async () => {
    project = stack.use(await ComposeProject.create());
    await project.build();
    // Prometheus must not see errors in the traces, which would fire alerts.
    await project.up({ nodes: 3, env: GOLDEN_ENV, services: CLUSTER });
  }, START_DEADLINE_MS);
  afterAll(() => stack.disposeAsync(), START_DEADLINE_MS);

  test('the image is small, has labels, and has no shell', async () => {
    const [node] = await project.nodes();
    const format =
      '{{.Size}} {{.Config.User}} {{index .Config.Labels "org.opencontainers.image.title"}}';
    const facts = await runProgram('docker', ['image', 'inspect', '-f', format, project.image]);
    const [bytes, user, title] = facts.trim().split(' ');
    console.info(`the image has ${(Number(bytes) / 1e6).toFixed(0)} MB`);
    expect(Number(bytes)).toBeLessThan(MAX_IMAGE_BYTES);
    expect([user, title]).toEqual(['1000:1000', 'route-node']);
    await expect(runProgram('docker', ['exec', node?.id ?? '', 'sh', '-c', ':'])).rejects.toThrow(
      'not found',
    );
  });

  goldenSuite('three nodes behind HAProxy', async () => ({
    nodes: [project.links, project.links, project.links],
    [Symbol.asyncDispose]: async () => {},
  }));

  describe('with msg_servers, users and traffic', () => {
    const ofScene = new AsyncDisposableStack();
    let people: People;
    let prometheus: PrometheusClient;
    let begunAtSeconds: number;

    beforeAll(async () => {
      await project.up({ nodes: 3, env: ENV });
      prometheus = new PrometheusClient(await project.prometheusUrl());
      begunAtSeconds = Math.floor(Date.now() / 1000);
      people = ofScene.use(await People.begin(project.links));
    }, START_DEADLINE_MS);
    afterAll(async () => {
      // Set it to docs/dashboard.svg to redraw the picture in docs/operations.md.
      const picture = process.env['ROUTE_PICTURE'];
      if (picture !== undefined) {
        const range = { from: begunAtSeconds, to: Math.floor(Date.now() / 1000), stepSeconds: 2 };
        await writeFile(picture, await drawDashboard(prometheus, range));
      }
      await ofScene.disposeAsync();
    }, START_DEADLINE_MS);

    beforeEach(() => {
      onTestFailed(async () => {
        process.stdout.write(await project.logs());
      });
    });

    /** Links on each node, from Prometheus. */
    const linksByNode = async (): Promise<Map<string, number>> => {
      const samples = await prometheus.query('route_links');
      return new Map(samples.map(({ labels, value }) => [labels['instance'] ?? '', value]));
    };

    const untilScraped = async (nodes: number): Promise<void> => {
      const wanted = (await project.nodes()).map(({ address }) => `${address}:9200`).sort();
      expect(wanted).toHaveLength(nodes);
      await waitFor(
        async () => {
          const up = (await prometheus.up('route-node')).sort();
          return up.join() === wanted.join() || Promise.reject(new Error(`up are ${up}`));
        },
        { what: `Prometheus to scrape ${wanted}`, deadlineMs: 30_000, everyMs: 250 },
      );
    };

    test('links are spread over all nodes', async () => {
      await untilScraped(3);
      const links = await waitFor(
        async () => {
          const all = [...(await linksByNode()).values()];
          const sum = all.reduce((total, n) => total + n, 0);
          return sum === people.crowd.servers.length + 1 && all;
        },
        { what: 'Prometheus to see all links', deadlineMs: 20_000, everyMs: 250 },
      );
      expect(Math.max(...links) - Math.min(...links)).toBeLessThanOrEqual(1);
    });

    test('nodes know msg_servers by their own addresses, not by HAProxy’s', async () => {
      const logs = (await project.nodes()).map((node) => project.logLines(node));
      const peers = (await Promise.all(logs))
        .flat()
        .filter(({ event }) => event === 'link-opened')
        .map(({ peer }) => String(peer).replace(/:\d+$/, ''));
      expect(peers.length).toBeGreaterThan(people.crowd.servers.length);
      const outside = await project.gateway();
      expect(new Set(peers)).toEqual(new Set([outside]));
    });

    test('Prometheus scrapes all nodes and HAProxy, and no alert fires', async () => {
      await untilScraped(3);
      expect(await prometheus.up('haproxy')).toEqual(['haproxy:8404']);
      await waitFor(
        async () => (await prometheus.query('count(route_ready == 1)'))[0]?.value === 3,
        {
          what: 'three nodes to be ready',
          deadlineMs: 20_000,
          everyMs: 250,
        },
      );
      // While nodes are replaced they disagree for a moment, which is enough for the shortened alert.
      await waitFor(
        async () => !(await prometheus.alerts('firing')).includes('RouteNodesDisagree'),
        { what: 'the nodes to agree', deadlineMs: 20_000, everyMs: 250 },
      );
      expect(await prometheus.alerts('firing')).toEqual([]);
    });

    test('every query of the dashboard has an answer', async () => {
      const queries = readPanels().flatMap(({ title, targets }) =>
        targets.map(({ expr }) => ({ title, expr: asAsked(expr, '10s') })),
      );
      expect(queries.length).toBeGreaterThan(30);
      await waitFor(
        async () => {
          const empty: string[] = [];
          for (const { title, expr } of queries) {
            const samples = await prometheus.query(expr);
            const counts = samples.filter(({ value }) => Number.isFinite(value));
            if (counts.length === 0) empty.push(`${title}: ${expr}`);
          }
          return empty.length === 0 || Promise.reject(new Error(empty.join('\n')));
        },
        { what: 'answers to all queries', deadlineMs: 30_000, everyMs: 250 },
      );
    });

    test('every alert uses existing metrics', async () => {
      const names = new Set(readAlerts().flatMap(({ expr }) => metricsIn(expr)));
      expect(names.size).toBeGreaterThan(15);
      for (const name of names) {
        expect(await prometheus.query(name), name).not.toEqual([]);
      }
    });

    test(
      'a node is killed: its alert fires, its msg_servers reconnect, the traffic continues',
      async () => {
        const { crowd, traffic } = people;
        expect(crowd.servers.every(({ lostLinks }) => lostLinks === 0)).toBe(true);
        const [victim] = await project.nodes();
        if (victim === undefined) throw new Error('no nodes');
        await runProgram('docker', ['kill', victim.id]);
        await people.untilFlowing();
        for (const participant of traffic.participants) {
          participant.nodeKilled = participant.link.state === 'lost';
        }
        await waitFor(async () => (await prometheus.alerts('firing')).includes('RouteNodeLost'), {
          what: 'the alert of a lost node',
          deadlineMs: 30_000,
          everyMs: 250,
        });
        const lost = crowd.servers.filter(({ lostLinks }) => lostLinks > 0).length;
        expect(lost).toBeGreaterThan(2);
        expect(lost).toBeLessThan(crowd.servers.length);
        await people.untilFlowing();
        expect(traffic.totals()).toMatchObject({ doubled: 0, reordered: 0, unexpected: 0 });
      },
      SCENE_DEADLINE_MS,
    );

    test(
      'two more nodes: HAProxy assigns links to the new ones',
      async () => {
        const before = new Set((await linksByNode()).keys());
        await project.up({ nodes: 5, env: ENV });
        await untilScraped(5);
        await waitFor(
          async () => {
            const query = 'haproxy_backend_active_servers{proxy="route_nodes"}';
            return (await prometheus.query(query))[0]?.value === 5;
          },
          { what: 'HAProxy to know five nodes', deadlineMs: 20_000, everyMs: 250 },
        );
        await using _ = await openKnownLinks([project.links], 8);
        await waitFor(
          async () => {
            const fresh = [...(await linksByNode())].filter(([node]) => !before.has(node));
            return fresh.length >= 2 && fresh.every(([, links]) => links > 0);
          },
          { what: 'links on the new nodes', deadlineMs: 20_000, everyMs: 250 },
        );
      },
      SCENE_DEADLINE_MS,
    );

    test('HAProxy reloads its configuration, and no link ends', async () => {
      const lost = () => people.crowd.servers.map(({ lostLinks }) => lostLinks);
      const before = lost();
      const uptimeNow = async (): Promise<number | undefined> =>
        (await prometheus.query('haproxy_process_uptime_seconds'))[0]?.value;
      const uptime = await uptimeNow();
      await project.reloadBalancer();
      await waitFor(async () => Number(await uptimeNow()) < Number(uptime), {
        what: 'the new process to be scraped',
        deadlineMs: 20_000,
        everyMs: 250,
      });
      await using _ = await openKnownLinks([project.links], 2);
      await people.untilFlowing();
      expect(lost()).toEqual(before);
    });

    test(
      'all nodes are replaced one after the other: nothing is lost, no user is seen offline',
      async () => {
        const { crowd, watch } = people;
        for (const node of await project.nodes()) {
          await project.replaceNode(node);
          await people.untilFlowing();
        }
        expect(crowd.servers.every(({ lostLinks }) => lostLinks > 0)).toBe(true);
        crowd.rest();
        const exact = await people.untilExact();
        expect(exact).toMatchObject({ differences: [] });
        await watch.stop();
        expect(watch.answers).toBeGreaterThan(100);
        expect([...watch.seenOffline]).toEqual([]);
        expect(crowd.falselyToldOffline).toEqual([]);
        const totals = await people.settle(15_000);
        console.info(JSON.stringify(totals));
        expect(totals).toMatchObject({ lost: 0, doubled: 0, reordered: 0, unexpected: 0 });
      },
      SCENE_DEADLINE_MS,
    );
  });
});
