import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import {
  type Deliveries,
  DirectedScenario,
  type Round,
  randomRound,
  USERS,
} from './directed-scenario.ts';
import { Directing } from './directing.ts';
import { SeededRandom } from './seeded-random.ts';

const ROUNDS = 3;

/** Runs the same rounds in both modes. */
const { seed } = new SeededRandom();

function randomRounds(): Round[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: ROUNDS }, () => randomRound(random));
}

test('broadcast: each PDU reaches every other link once and in order', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await using scenario = await DirectedScenario.on(cluster.nodes);
  for (const round of randomRounds()) {
    await scenario.move(round);
    expect(await scenario.send(round)).toEqual(scenario.due(round, false));
  }
});

test('directed: each PDU reaches only the links of its users, once and in order', async () => {
  await using cluster = await startCluster({ nodes: 3, env: { ROUTE_DELIVERY: 'directed' } });
  await using directing = await Directing.of(cluster.nodes);
  await using scenario = await DirectedScenario.on(cluster.nodes);
  for (const round of randomRounds()) {
    await scenario.move(round);
    const [due, everything] = [scenario.due(round, true), scenario.due(round, false)];
    const deliveries = await directing.inCertainty(
      async () => {
        await directing.untilNothingIsKept(USERS);
        return await scenario.send(round);
      },
      // A fallback may send a PDU to every link, but never twice or out of order.
      (doubtful) => expectBetween(doubtful, due, everything),
    );
    expect(deliveries).toEqual(due);
  }
});

/** Whether `received` contains all required PDUs and only allowed ones, in order. */
function expectBetween(got: Deliveries, least: Deliveries, most: Deliveries): void {
  for (const [link, bySender] of got.entries()) {
    for (const [sender, numbers] of bySender.entries()) {
      const must = new Set(least[link]?.[sender]);
      const may = (most[link]?.[sender] ?? []).filter((n) => must.has(n) || numbers.includes(n));
      expect(numbers).toEqual(may);
    }
  }
}
