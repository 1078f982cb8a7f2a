import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deliveries } from './deliveries.ts';
import { Dues, mailboxesFor } from './expected-deliveries.ts';

describe('dues', () => {
  it('number the PDUs for a receiver from 1 on, independently of other receivers', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 9 }),
      fc.option(fc.nat({ max: 9 }), { nil: undefined }),
      (receivers, place) => {
        const dues = new Dues(mailboxesFor(receivers), place);
        let count = 0;
        for (let sequence = 1; sequence <= 100; sequence++) {
          if (dues.includes(sequence)) count++;
          expect(dues.rank(sequence)).toBe(count);
        }
      },
    );
    fc.assert(property);
  });
});

describe('deliveries of a receiver with a mailbox', () => {
  const MAILBOXES = mailboxesFor(2);
  const PLACE = 1;
  /** 1, 3, 4, 5, 7, 8, ...: odd ones are for it alone, every fourth is a broadcast. */
  const dues = new Dues(MAILBOXES, PLACE);

  function arrivals(sequences: readonly number[], expected: Parameters<Deliveries['expect']>[1]) {
    const it = new Deliveries(dues);
    it.expect(0, expected);
    for (const sequence of sequences) it.arrived(0, sequence);
    const { delivered, doubled, reordered, late, besides } = it;
    const lost = it.missingBetween(0) + it.missingAtEnd(0, 8);
    return { delivered, doubled, reordered, late, besides, lost };
  }

  const NOTHING = { delivered: 0, doubled: 0, reordered: 0, late: 0, besides: 0, lost: 0 };

  it('are complete when all PDUs for it have arrived, once and in order', () => {
    const whole = { ...NOTHING, delivered: 6 };
    expect(arrivals([1, 3, 4, 5, 7, 8], { required: 1 })).toEqual(whole);
    expect(arrivals([1, 2, 3, 4, 5, 6, 7, 8], { required: 1 })).toEqual({ ...whole, besides: 2 });
  });

  it('report missing, doubled and reordered PDUs', () => {
    const counts = arrivals([1, 4, 4, 3, 5, 8], { required: 1 });
    expect(counts).toEqual({ ...NOTHING, delivered: 4, doubled: 1, reordered: 1, lost: 1 });
  });

  it('may be late until its first own PDU has arrived, for PDUs written by then', () => {
    const written = (): number => 7;
    expect(arrivals([4, 1, 3, 5, 8, 7], { required: 1, written })).toEqual({
      ...NOTHING,
      delivered: 3,
      late: 3,
    });
    expect(arrivals([4, 1, 3, 5, 8, 7], { required: 1, written: () => 4 })).toEqual({
      ...NOTHING,
      delivered: 3,
      late: 2,
      reordered: 1,
    });
  });

  it('ignore PDUs sent before it joined', () => {
    expect(arrivals([1, 5, 7, 8], { required: 5 })).toEqual({
      ...NOTHING,
      delivered: 3,
      besides: 1,
    });
  });
});
