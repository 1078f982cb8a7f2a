import { expect } from 'vitest';
import { type Exactness, untilExact } from '../traffic/index.ts';
import { faultIn } from './delivery.ts';
import { type Figures, recordFigures } from './figures.ts';
import { type Scene, shown } from './scene.ts';

const STILL_EXACT_WITHIN_MS = 5_000;
const TOLD_WITHIN_MS = 5_000;

export interface Judged {
  readonly fault: string;
  /** How presence came out after the fault. */
  readonly exact: Exactness;
  readonly p99Ms?: number;
}

/**
 * Ends the traffic and says what the fault came to. Whatever the fault, nothing comes twice or out of
 * order, presence becomes exact and stays so, and everybody was told last what holds.
 */
export async function judge(scene: Scene, { fault, exact, p99Ms }: Judged): Promise<Figures> {
  const { model, notices } = scene.crowd;
  const totals = await scene.settle();
  const atEnd = await scene.untilExact(STILL_EXACT_WITHIN_MS);
  // Who changed while his server had no link is told of by nobody.
  const differences = async () => (scene.keptLinks ? notices.differencesTo(model) : []);
  const told = await untilExact(differences, TOLD_WITHIN_MS);
  const peak = scene.peakMemory();
  const figures: Figures = {
    fault: faultIn(scene.delivery, fault),
    seed: scene.seed,
    ...totals,
    ...(exact.seconds !== undefined && { exactAfterSeconds: exact.seconds }),
    ...(p99Ms !== undefined && { p99Ms }),
    ...(peak !== undefined && { peakMemoryBytes: peak }),
  };
  recordFigures(figures);
  expect.soft(exact.seconds, `presence after the fault:\n${shown(exact)}`).toBeDefined();
  expect.soft(atEnd.seconds, `presence at the end:\n${shown(atEnd)}`).toBeDefined();
  expect.soft(scene.crowd.falselyToldOffline, 'told to be offline').toEqual([]);
  expect.soft(told.seconds, `notices:\n${shown(told)}`).toBeDefined();
  expect.soft(figures).toMatchObject({ doubled: 0, reordered: 0, unexpected: 0 });
  return figures;
}
