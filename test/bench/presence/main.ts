import { ask, type Figures, logins, memory, queries, snapshot, updates } from './scenarios.ts';

const [name = '', ...args] = process.argv.slice(2);
const numbers = args.map(Number);
const scenarios: Record<string, () => Promise<Figures>> = {
  snapshot: () => snapshot(numbers[0] ?? 100_000),
  updates: () => updates(numbers[0] ?? 200_000, numbers[1] ?? 1),
  logins: () => logins(numbers[0] ?? 100_000, numbers[1] ?? 1),
  queries: () => queries(numbers[0] ?? 100, numbers[1] ?? 1_000_000, numbers[2] ?? 1),
  ask: () => ask(numbers[0] ?? 1000, numbers[1] ?? 5, numbers[2] ?? 1),
  memory: () => memory(numbers[0] ?? 1_000_000),
};
const figures = await scenarios[name]?.();
console.log(
  name,
  ...Object.entries(figures ?? {}).map(
    ([key, value]) => `${key}=${value > 100 ? Math.round(value) : value.toFixed(2)}`,
  ),
);
process.exit(0);
