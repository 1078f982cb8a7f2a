import { expect, test } from 'vitest';
import { BatchWriter, SMALL_BYTES } from './batch-writer.ts';
import type { Receiver } from './delivery.ts';

/** A link that records what it receives. */
class Heard implements Receiver {
  readonly id: string;
  readonly pieces: string[] = [];

  constructor(id: string) {
    this.id = id;
  }

  send(bytes: Buffer): void {
    this.pieces.push(bytes.toString());
  }

  sendPart(bytes: Buffer, start: number, end: number): void {
    this.pieces.push(bytes.toString('latin1', start, end));
  }
}

function world() {
  const [a, b, c] = [new Heard('a'), new Heard('b'), new Heard('c')];
  const receivers = new Set<Receiver>([a, b, c]);
  const forAll = new BatchWriter(receivers);
  const add = (text: string): string => forAll.write(undefined, Buffer.from(text), 0, text.length);
  return { a, b, c, receivers, forAll, add };
}

test('each link gets the appended PDUs in one piece, and before anything else', () => {
  const { a, b, c, forAll, add } = world();
  add('1');
  add('2');
  forAll.writeTo(b);
  forAll.writeTo(b);
  add('3');
  expect([a.pieces, b.pieces]).toEqual([[], ['12']]);
  forAll.flush();
  forAll.flush();
  expect([a.pieces, b.pieces, c.pieces]).toEqual([['123'], ['12', '3'], ['123']]);
});

test('a link that appends gets what others append before and after, and none of its own', () => {
  const { a, b, c, forAll, add } = world();
  add('1');
  forAll.addedBy(a);
  add('2');
  forAll.writeTo(b);
  add('3');
  forAll.addedBy(undefined);
  add('4');
  forAll.flush();
  expect([a.pieces, b.pieces, c.pieces]).toEqual([['1', '4'], ['12', '34'], ['1234']]);
});

test('what is flushed while a link appends does not reach that link later', () => {
  const { a, b, forAll, add } = world();
  forAll.addedBy(a);
  add('1');
  forAll.flush();
  add('2');
  forAll.addedBy(undefined);
  forAll.flush();
  expect([a.pieces, b.pieces]).toEqual([[], ['1', '2']]);
});

test('more than a chunk arrives whole and in order, and queued bytes are not overwritten', () => {
  const { a, b, forAll, add } = world();
  const texts = Array.from({ length: 500 }, (_, i) => `${i} `.padEnd(100, 'x'));
  for (const text of texts) add(text);
  add('y'.repeat(40_000));
  forAll.flush();
  expect(a.pieces.join('')).toBe(`${texts.join('')}${'y'.repeat(40_000)}`);
  expect(b.pieces).toEqual(a.pieces);
});

test('a link that begins to receive after a flush gets only what is appended afterwards', () => {
  const { receivers, forAll, add } = world();
  add('1');
  forAll.flush();
  const late = new Heard('late');
  receivers.add(late);
  add('2');
  forAll.flush();
  expect(late.pieces).toEqual(['2']);
});

test('a large PDU is written at once, behind the small ones before it, and not to its sender', () => {
  const { a, b, c, forAll, add } = world();
  expect(add('1')).toBe('joined');
  const large = 'x'.repeat(SMALL_BYTES);
  expect(forAll.write(b, Buffer.from(`_${large}_`), 1, 1 + SMALL_BYTES)).toBe('written');
  expect([a.pieces, b.pieces, c.pieces]).toEqual([['1', large], ['1'], ['1', large]]);
  forAll.flush();
  expect(a.pieces).toHaveLength(2);
});

test('with two links, small PDUs are written at once', () => {
  const { a, b, c, receivers, add } = world();
  receivers.delete(c);
  expect(add('1')).toBe('written');
  expect([a.pieces, b.pieces, c.pieces]).toEqual([['1'], ['1'], []]);
});
