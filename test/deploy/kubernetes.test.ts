import { ROOT } from '@route/fixtures';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  checkObjects,
  type KubernetesObject,
  readObjects,
  renderObjects,
} from './kubernetes-objects.ts';
import { readAlerts } from './queries.ts';
import { runProgram } from './run-program.ts';

const BASE = 'deploy/k8s/base';
const EXAMPLE = 'deploy/k8s/overlays/example';

const canRender =
  process.env['CI'] === 'true' ||
  (await runProgram('kubectl', ['version', '--client']).then(
    () => true,
    () => false,
  ));

const labels = z.record(z.string(), z.string());
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.object({
  env: z.array(
    z.object({
      name: z.string(),
      valueFrom: z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) }),
    }),
  ),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })),
  image: z.string(),
  lifecycle: z.object({
    preStop: z.object({ exec: z.object({ command: z.array(z.string()) }) }),
  }),
  livenessProbe: probe,
  readinessProbe: probe,
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  securityContext: z.looseObject({ readOnlyRootFilesystem: z.literal(true) }),
});
const deployment = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.looseObject({
        containers: z.tuple([container]),
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.looseObject({ runAsNonRoot: z.literal(true) }),
      }),
    }),
  }),
});

function the(kind: string, objects: readonly KubernetesObject[], name?: string): KubernetesObject {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  const [only] = found;
  if (found.length !== 1 || only === undefined) throw new Error(`${found.length} ${kind}s`);
  return only;
}

describe.runIf(canRender)('the output of kustomize for deploy/k8s', () => {
  test.for([BASE, EXAMPLE])('%s is valid for Kubernetes', async (folder) => {
    const objects = await renderObjects(folder);
    expect(objects.length).toBeGreaterThan(6);
    await checkObjects(objects);
  });

  test('a misspelt field, an invalid value and an unknown kind are reported', async () => {
    const policy = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' };
    const metadata = { name: 'x', labels: {} };
    const misspelt = { ...policy, metadata, spec: { maxUnavailabel: 1 } };
    await expect(checkObjects([misspelt])).rejects.toThrow('maxUnavailabel');
    const mistyped = { ...policy, metadata, spec: { maxUnavailable: 1.5 } };
    await expect(checkObjects([mistyped])).rejects.toThrow('maxUnavailable');
    await expect(checkObjects([{ ...policy, kind: 'Pod', metadata }])).rejects.toThrow('no schema');
  });

  test('the termination grace period of a node exceeds its drain time', async () => {
    const objects = await renderObjects(BASE);
    const { spec } = deployment.parse(the('Deployment', objects)).spec.template;
    const settings = z.object({ data: labels }).parse(the('ConfigMap', objects)).data;
    const [, , script = ''] = spec.containers[0].lifecycle.preStop.exec.command;
    const preStopSeconds = Number(/setTimeout\(\(\) => \{\}, (\d+)000\)/.exec(script)?.[1]);
    expect(preStopSeconds).toBeGreaterThan(0);
    const drainSeconds = Number(settings['ROUTE_DRAIN_SECONDS']);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + drainSeconds + 15);
  });

  test('selectors select the pods, and ports are those of the image', async () => {
    const objects = await renderObjects(BASE);
    const { metadata, spec } = deployment.parse(the('Deployment', objects));
    const podLabels = spec.template.metadata.labels;
    const [{ ports, livenessProbe, readinessProbe }] = spec.template.spec.containers;
    const names = ports.map(({ name }) => name);
    expect(ports.map(({ containerPort }) => containerPort)).toEqual([8200, 9200]);
    expect(livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' });
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' });

    expect(podLabels).toMatchObject(spec.selector.matchLabels);
    const selecting = z.object({ spec: z.object({ selector: z.object({ matchLabels: labels }) }) });
    const budget = selecting.parse(the('PodDisruptionBudget', objects)).spec.selector.matchLabels;
    expect(budget).toEqual(spec.selector.matchLabels);
    const policy = z
      .object({ spec: z.object({ podSelector: z.object({ matchLabels: labels }) }) })
      .parse(the('NetworkPolicy', objects));
    expect(policy.spec.podSelector.matchLabels).toEqual(spec.selector.matchLabels);
    const scaled = z
      .object({
        spec: z.object({ scaleTargetRef: z.object({ kind: z.string(), name: z.string() }) }),
      })
      .parse(the('HorizontalPodAutoscaler', objects)).spec.scaleTargetRef;
    expect(scaled).toEqual({ kind: 'Deployment', name: metadata.name });

    const service = z.object({
      spec: z.object({ selector: labels, ports: z.array(z.object({ targetPort: z.string() })) }),
    });
    for (const name of ['route', 'route-node-admin']) {
      const { spec: ofService } = service.parse(the('Service', objects, name));
      expect(ofService.selector).toEqual(spec.selector.matchLabels);
      for (const { targetPort } of ofService.ports) expect(names).toContain(targetPort);
    }
    const monitored = selecting.parse(the('ServiceMonitor', objects)).spec.selector.matchLabels;
    const { labels: ofAdmin } = the('Service', objects, 'route-node-admin').metadata;
    expect(ofAdmin).toMatchObject(monitored);
    // The job that the alerts ask for.
    expect(ofAdmin['app.kubernetes.io/name']).toBe('route-node');
  });

  test('the example gives the nodes settings that they know, and its own Secret', async () => {
    const objects = await renderObjects(EXAMPLE);
    const { spec } = deployment.parse(the('Deployment', objects)).spec.template;
    const [{ env, envFrom, image }] = spec.containers;
    const config = the('ConfigMap', objects);
    const secret = the('Secret', objects);
    expect(envFrom.map(({ configMapRef }) => configMapRef.name)).toEqual([config.metadata.name]);
    const reference = env[0]?.valueFrom.secretKeyRef;
    expect(reference?.name).toBe(secret.metadata.name);
    expect(z.object({ data: labels }).parse(secret).data).toHaveProperty(reference?.key ?? '');
    expect(image).toMatch(/^registry\.example\.com\/route-node:\d/);

    const program = `${ROOT}services/route-node/bin/route-node.js`;
    const help = await runProgram(process.execPath, [program, '--help']);
    const given = Object.keys(z.object({ data: labels }).parse(config).data);
    for (const name of [...given, ...env.map((one) => one.name)]) {
      expect(help).toContain(`  ${name}  (`);
    }
  });
});

test('the alerts become a valid PrometheusRule', async () => {
  const rules = readObjects(await runProgram('sh', [`${ROOT}deploy/k8s/prometheus-rule.sh`]));
  await checkObjects(rules);
  for (const { alert } of readAlerts()) expect(JSON.stringify(rules)).toContain(`"${alert}"`);
});
