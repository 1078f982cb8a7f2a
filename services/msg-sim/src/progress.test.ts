import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Progress } from './progress.ts';

/** A progress after these have come, and what each of them was. */
function after(required: number, sequences: readonly number[]) {
  const progress = new Progress(required);
  return { progress, arrivals: sequences.map((sequence) => progress.arrived(sequence)) };
}

describe('what a receiver has got of a sender', () => {
  it('is whole when everything came in order', () => {
    const { progress, arrivals } = after(1, [1, 2, 3]);
    expect(arrivals).toEqual(['in-order', 'in-order', 'in-order']);
    expect(progress.missingBetween).toBe(0);
    expect(progress.missingAtEnd(3)).toBe(0);
  });

  it('lacks what is between two that came, before the first one, and after the last one', () => {
    expect(after(1, [1, 4]).progress.missingBetween).toBe(2);
    expect(after(3, [5]).progress.missingBetween).toBe(2);
    expect(after(1, [1, 2]).progress.missingAtEnd(5)).toBe(3);
    expect(after(7, []).progress.missingAtEnd(9)).toBe(3);
  });

  it('tells late from doubled', () => {
    const { progress, arrivals } = after(1, [1, 3, 2, 2, 3]);
    expect(arrivals).toEqual(['in-order', 'in-order', 'late', 'doubled', 'doubled']);
    expect(progress.missingBetween).toBe(0);
  });

  it('may begin with what was sent before the receiver was there, and then lacks nothing', () => {
    const { progress, arrivals } = after(10, [8, 9, 10]);
    expect(arrivals).toEqual(['in-order', 'in-order', 'in-order']);
    expect(progress.missingBetween).toBe(0);
  });

  it('counts right whatever comes in whatever order', () => {
    const anySequences = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 });
    fc.assert(
      fc.property(anySequences, (sequences) => {
        const { progress, arrivals } = after(1, sequences);
        const distinct = new Set(sequences);
        const last = Math.max(0, ...sequences);
        expect(progress.missingBetween).toBe(last - distinct.size);
        expect(progress.missingAtEnd(30)).toBe(30 - last);
        expect(arrivals.filter((arrival) => arrival === 'doubled')).toHaveLength(
          sequences.length - distinct.size,
        );
      }),
    );
  });
});
