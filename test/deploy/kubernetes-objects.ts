import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '@route/fixtures';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { runProgram } from './run-program.ts';

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});

/** An object as it would be given to Kubernetes. */
export type KubernetesObject = z.output<typeof object>;

const OPERATOR = '@kubernetes-models/prometheus-operator';

/** The kinds of objects that are used here: where each has its type and its schema. */
const MODELS: Readonly<Record<string, string>> = {
  'v1 ConfigMap': 'kubernetes-models/v1/ConfigMap',
  'v1 Namespace': 'kubernetes-models/v1/Namespace',
  'v1 Secret': 'kubernetes-models/v1/Secret',
  'v1 Service': 'kubernetes-models/v1/Service',
  'apps/v1 Deployment': 'kubernetes-models/apps/v1/Deployment',
  'autoscaling/v2 HorizontalPodAutoscaler':
    'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler',
  'networking.k8s.io/v1 NetworkPolicy': 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy',
  'policy/v1 PodDisruptionBudget': 'kubernetes-models/policy/v1/PodDisruptionBudget',
  'monitoring.coreos.com/v1 ServiceMonitor': `${OPERATOR}/monitoring.coreos.com/v1/ServiceMonitor`,
  'monitoring.coreos.com/v1 PrometheusRule': `${OPERATOR}/monitoring.coreos.com/v1/PrometheusRule`,
};

/** Objects in YAML text, as kustomize writes it. */
export function readObjects(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => object.parse(document.toJS()));
}

/** The output of kustomize for a folder. @throws Error with its message when it fails. */
export async function renderObjects(folder: string): Promise<KubernetesObject[]> {
  return readObjects(await runProgram('kubectl', ['kustomize', `${ROOT}${folder}`]));
}

/**
 * Holds objects against the Kubernetes schemas. A schema lets fields pass that it does not know, so
 * a misspelt one would: therefore the objects are also written down as TypeScript, whose compiler
 * does not.
 * @throws Error with what is wrong with which object.
 */
export async function checkObjects(objects: readonly KubernetesObject[]): Promise<void> {
  await mkdir(join(ROOT, '.tmp'), { recursive: true });
  // Inside the project, so that the packages with the schemas are found from there.
  const folder = await mkdtemp(join(ROOT, '.tmp', 'kubernetes-'));
  try {
    const file = join(folder, 'objects.ts');
    await writeFile(file, objects.map(asTypeScript).join('\n'));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig'];
    const target = ['--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
    await runProgram(process.execPath, [tsc, ...flags, ...target, file], { cwd: ROOT });
    await runProgram(process.execPath, [file], { cwd: ROOT });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function asTypeScript(value: KubernetesObject, index: number): string {
  const { apiVersion, kind } = value;
  const model = MODELS[`${apiVersion} ${kind}`];
  if (model === undefined)
    throw new Error(`no schema is known here for a ${kind} of ${apiVersion}`);
  return [
    `import { ${kind} as Kind${index}, type I${kind} as IKind${index} } from '${model}';`,
    `const object${index}: IKind${index} = ${JSON.stringify(value, undefined, 2)};`,
    `new Kind${index}(object${index}).validate();`,
  ].join('\n');
}
