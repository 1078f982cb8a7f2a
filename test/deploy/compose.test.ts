import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { GOLDEN_ENV, goldenSuite } from '../golden/golden-suite.ts';
import { ComposeProject } from './compose-project.ts';

const START_DEADLINE_MS = 240_000;

describe.runIf(inject('noContainersBecause') === '')('docker-compose.yml', () => {
  const stack = new AsyncDisposableStack();
  let project: ComposeProject;

  beforeAll(async () => {
    project = stack.use(await ComposeProject.create());
    await project.build();
    await project.up({ nodes: 3, env: GOLDEN_ENV });
  }, START_DEADLINE_MS);
  afterAll(() => stack.disposeAsync(), START_DEADLINE_MS);

  goldenSuite('three nodes behind HAProxy', async () => ({
    nodes: [project.links, project.links, project.links],
    [Symbol.asyncDispose]: async () => {},
  }));

  test('x', async () => {
    expect((await project.nodes()).length).toBe(3);
  });
});
