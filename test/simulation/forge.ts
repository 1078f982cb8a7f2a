import {
  encodeAck,
  encodeData,
  encodeHeartbeat,
  encodeLeave,
  readHeader,
} from '@route/bus/testing/frames';
import { mutate, type Random } from '@route/random';
import {
  INTEREST_BYTES,
  INTEREST_SYNC,
  MESSAGE_TYPES,
  writeInterestChange,
} from '@route/route-node/src/routing/bus-messages.ts';

export interface Forgery {
  /** Published frames. */
  readonly frames: readonly Buffer[];
  /** Existing nodes. */
  readonly ids: readonly string[];
  readonly users: readonly number[];
}

type Entry = Parameters<typeof encodeData>[1][number];

const EMPTY = Buffer.alloc(0);

/**
 * A frame that anyone with access to Redis could publish: a mutated real one, or a whole one in the
 * name of a live node, with sequence numbers far off or adjacent to the right ones. Undefined if
 * there is no frame to start from.
 */
export function forgeFrame(random: Random, { frames, ids, users }: Forgery): Buffer | undefined {
  const sender = random.chance(0.9) ? random.pickIfAny(ids) : 'ghost';
  const tail =
    frames.map(readHeader).findLast((header) => header?.sender === sender)?.sequence ?? 0;
  if (sender === undefined) return undefined;
  const number = (): number =>
    random.pick([0, tail, tail + 1, tail + random.whole(2, 50), 2 ** 30, 2 ** 40, 2 ** 46]);
  switch (random.pick(['mutated', 'mutated', 'heartbeat', 'leave', 'ack', 'data'] as const)) {
    case 'mutated':
      return mutate(random, frames);
    case 'heartbeat': {
      const last = number();
      const flags = { asksAck: random.chance(0.5), hearsOwn: random.chance(0.5) };
      const tailForAll = Math.min(number(), last);
      return encodeHeartbeat({ sender, tail: last, tailForAll, seq: number(), ...flags });
    }
    case 'leave':
      return encodeLeave({ sender, sequence: number() });
    case 'ack': {
      const last = number();
      return encodeAck({
        ...{
          sender,
          to: random.pick(ids),
          tail: last,
          heard: number(),
          owed: Math.min(number(), last + 1),
        },
        ...{ acked: random.chance(0.2) ? null : number(), credited: number() },
        ...{ last: Math.min(number(), last), gone: Math.min(number(), last) },
        hearingMs: random.pick([0, 1000, 2 ** 31]),
        missing: random.chance(0.5) ? [] : [{ first: number(), last: number() }],
        silent: random.chance(0.7) ? [] : [{ node: 'ghost2', silentMs: random.whole(0, 5000) }],
        ...{ asksAck: random.chance(0.5), restart: random.chance(0.3), queued: random.chance(0.2) },
      });
    }
    case 'data': {
      // With an adjacent number it replaces a real frame.
      const sequence = tail + random.pick([1, random.whole(2, 50), 2 ** 25, 2 ** 40, 2 ** 46]);
      const prevSeq = Math.max(0, tail - random.whole(0, 3));
      const prevSeqs = random.chance(0.5) ? [] : ids.map((node) => ({ node, prevSeq }));
      return Buffer.concat(
        encodeData({ sender, sequence, prevSeqs }, [forgeEntry(random, users)], new Set()),
      );
    }
  }
}

function forgeEntry(random: Random, users: readonly number[]): Entry {
  switch (random.pick(['batch', 'interestChange', 'interestChange', 'interestSync'] as const)) {
    case 'batch':
      return { kind: MESSAGE_TYPES.batch, bytes: EMPTY };
    case 'interestChange': {
      const bytes = Buffer.alloc(INTEREST_BYTES);
      writeInterestChange(bytes, 0, { userId: random.pick(users), held: random.chance(0.5) });
      return { kind: MESSAGE_TYPES.interestChange, bytes };
    }
    case 'interestSync': {
      const { begins, ends, wantsAll, wantsItsOwn } = INTEREST_SYNC;
      return {
        kind: MESSAGE_TYPES.interestSync,
        bytes: random.pick([begins, ends, wantsAll, wantsItsOwn]),
      };
    }
  }
}
