import { installHooks } from './hooks.ts';
import { mutantNamed } from './mutants.ts';
import { isOrder, type Order, type Report } from './worker-messages.ts';

/** Runs schedules in a separate process, a part at a time, until it has to end. */
process.once('message', (order: unknown) => {
  if (!isOrder(order)) throw new Error(`a worker was told ${JSON.stringify(order)}`);
  void begin(order);
});

async function begin(order: Order): Promise<void> {
  installHooks(order.mutant === undefined ? [] : mutantNamed(order.mutant).changes);
  const { SeedRunner } = await import('./seed-runner.ts');
  const runner = new SeedRunner(order);
  const report = (part: Report): void => void process.send?.(part);
  // Schedules run in their own turn of the loop: within a promise no other promise would continue.
  const next = (): void => {
    const part = runner.runPart();
    report(part);
    if (part.isLast) process.disconnect();
    else setImmediate(next);
  };
  process.on('unhandledRejection', (error) => runner.rejected(error));
  setImmediate(next);
}
