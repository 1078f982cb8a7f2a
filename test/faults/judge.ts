import { expect } from 'vitest';
import { type Exactness, untilExact } from '../traffic/index.ts';
import { faultIn } from './delivery.ts';
import { type Figures, recordFigures } from './figures.ts';
import { type Scene, shown } from './scene.ts';

const STILL_EXACT_WITHIN_MS = 5_000;
const TOLD_WITHIN_MS = 5_000;

export interface Judged {
  readonly fault: string;
  /** Presence results after the fault. */
  readonly exact: Exactness;
  readonly p99Ms?: number;
}

/**
 * Stops the traffic and checks the outcome. After any fault no PDU is doubled or out of order,
 * presence becomes and stays exact, and each last notification is right.
 */
export async function judge(scene: Scene, { fault, exact, p99Ms }: Judged): Promise<Figures> {
  const { model, notifications } = scene.crowd;
  const totals = await scene.settle();
  const atEnd = await scene.untilExact(STILL_EXACT_WITHIN_MS);
  // Users who changed while their server had no link are not announced.
  const differences = async () => (scene.keptLinks ? notifications.differencesTo(model) : []);
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
  expect.soft(scene.crowd.falselyToldOffline, 'to be announced offline').toEqual([]);
  expect.soft(told.seconds, `notifications:\n${shown(told)}`).toBeDefined();
  expect.soft(figures).toMatchObject({ doubled: 0, reordered: 0, unexpected: 0 });
  return figures;
}

/** Waits until presence is exact and traffic flows again after a fault; then as {@link judge}. */
export async function judgeRecovery(
  scene: Scene,
  { fault, exactWithinMs = 5_000 }: { readonly fault: string; readonly exactWithinMs?: number },
): Promise<Figures> {
  const exact = await scene.untilExact(exactWithinMs);
  await scene.untilFlowing();
  return await judge(scene, { fault, exact });
}
