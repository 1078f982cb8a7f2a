import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Progress } from './progress.ts';

/** A progress that has received these numbers, and the result for each. */
function after(required: number, sequences: readonly number[]) {
  const progress = new Progress(required);
  return { progress, arrivals: sequences.map((sequence) => progress.arrived(sequence)) };
}

describe('receive progress', () => {
  it('is complete after PDUs in order', () => {
    const { progress, arrivals } = after(1, [1, 2, 3]);
    expect(arrivals).toEqual(['in-order', 'in-order', 'in-order']);
    expect(progress.missingBetween).toBe(0);
    expect(progress.missingAtEnd(3)).toBe(0);
  });

  it('counts gaps before the first, between two and after the last received PDU', () => {
    expect(after(1, [1, 4]).progress.missingBetween).toBe(2);
    expect(after(3, [5]).progress.missingBetween).toBe(2);
    expect(after(1, [1, 2]).progress.missingAtEnd(5)).toBe(3);
    expect(after(7, []).progress.missingAtEnd(9)).toBe(3);
  });

  it('distinguishes late from doubled', () => {
    const { progress, arrivals } = after(1, [1, 3, 2, 2, 3]);
    expect(arrivals).toEqual(['in-order', 'in-order', 'late', 'doubled', 'doubled']);
    expect(progress.missingBetween).toBe(0);
  });

  it('may start with PDUs sent before the receiver joined, and expects no earlier ones', () => {
    const { progress, arrivals } = after(10, [8, 9, 10]);
    expect(arrivals).toEqual(['in-order', 'in-order', 'in-order']);
    expect(progress.missingBetween).toBe(0);
  });

  it('counts correctly for any order of arrival', () => {
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
