import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Pending, PendingQueue } from './pending-queue.ts';

class TestTurn implements Pending {
  ready: boolean;
  readonly bytes = 10;
  readonly #taken: number[];
  readonly #n: number;

  constructor(n: number, ready: boolean, taken: number[]) {
    this.#n = n;
    this.ready = ready;
    this.#taken = taken;
  }

  complete(): void {
    this.#taken.push(this.#n);
  }
}

describe('the pending queue', () => {
  it('completes entries in order, whatever the order of the answers', () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 3000 }),
        (order, count) => {
          const taken: number[] = [];
          const inOrder = new PendingQueue(() => {});
          const turns = Array.from(
            { length: count },
            (_, n) => new TestTurn(n, n % 3 === 0, taken),
          );
          for (const turn of turns) inOrder.enqueue(turn);
          const waiting = turns.filter((turn) => !turn.ready);
          while (waiting.length > 0) {
            const [next] = waiting.splice((order.next().value ?? 0) % waiting.length, 1);
            if (next !== undefined) next.ready = true;
            inOrder.advance();
          }
          inOrder.advance();
          expect(taken).toEqual(turns.map((_, n) => n));
          expect([inOrder.isEmpty, inOrder.length, inOrder.bytes]).toEqual([true, 0, 0]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('calls back once when the queue is empty', () => {
    const inOrder = new PendingQueue(() => {});
    const turn = new TestTurn(0, false, []);
    let told = 0;
    inOrder.whenEmpty(() => told++);
    expect(told).toBe(1);
    inOrder.enqueue(turn);
    inOrder.whenEmpty(() => told++);
    inOrder.advance();
    expect(told).toBe(1);
    turn.ready = true;
    inOrder.advance();
    inOrder.advance();
    expect(told).toBe(2);
  });
});
