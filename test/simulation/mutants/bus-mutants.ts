import type { Mutant } from './mutant.ts';

/** Faults in packages/bus. */
export const BUS_MUTANTS: readonly Mutant[] = [
  {
    name: 'no-repeat',
    breaks: 'frames that a node lacks are not sent again',
    changes: [
      {
        file: 'packages/bus/src/receiving/receiver.ts',
        find: '    own.redeliver(peer, missing);\n',
        put: '',
      },
    ],
  },
  {
    name: 'lease-awaited',
    breaks: 'a lease alone makes a node awaited, heard or not',
    needs: ['no-publish', 'join', 'server-list'],
    changes: [
      {
        file: 'packages/bus/src/membership/peers.ts',
        find: '    if (now - peer.heardAt >= leaveMs) return false;\n',
        put: '',
      },
    ],
  },
  {
    name: 'never-forgotten',
    breaks: 'a node that is gone is never forgotten',
    changes: [
      {
        file: 'packages/bus/src/membership/peers.ts',
        find: '      if (now - peer.evidenceAt >= retentionMs) this.#forget(peer);\n',
        put: '',
      },
    ],
  },
  {
    name: 'flush-waits-not',
    breaks: 'a drain does not wait for what others lack',
    needs: ['drain', 'cut-path', 'freeze'],
    changes: [
      {
        file: 'packages/bus/src/sending/sender.ts',
        find: '      if (Math.min(owed, this.completeTail) >= tail && this.#unsent.length === 0) return;\n',
        put: '      if (owed >= 0) return;\n',
      },
    ],
  },
  {
    name: 'abandoned-untold',
    breaks: 'what a drain gives up is not reported',
    needs: ['drain', 'cut-path', 'freeze', 'dark-in', 'dark-out'],
    changes: [{ file: 'packages/bus/src/bus.ts', find: '    this.#sender.abandon();\n', put: '' }],
  },
  {
    name: 'own-channel-believed',
    breaks: 'every node is taken to receive its own channel',
    changes: [
      {
        file: 'packages/bus/src/receiving/receiver.ts',
        find: '    peer.hearsOwn = hearsOwn;\n',
        put: '',
      },
    ],
  },
  {
    name: 'no-parts',
    breaks: 'an entry larger than a frame is published whole',
    changes: [
      {
        file: 'packages/bus/src/wire/batch.ts',
        find: '      if (size > this.#maxEntryBytes) {',
        put: '      if (size < 0) {',
      },
    ],
  },
  {
    name: 'echo-by-order',
    breaks: 'heartbeats that come back are matched by their order',
    changes: [
      {
        file: 'packages/bus/src/membership/heartbeat.ts',
        find: '  probeReturned(number: number, now: number): void {',
        put: '  probeReturned(_number: number, now: number): void {\n    const counted: { count?: number } = this;\n    counted.count = (counted.count ?? 0) + 1;\n    const number = counted.count;',
      },
    ],
  },
  {
    name: 'any-number',
    breaks: 'a number far ahead is believed',
    needs: ['forge'],
    changes: [
      {
        file: 'packages/bus/src/receiving/stream.ts',
        find: '    return sequence <= Math.max(this.#tail, this.#next ?? 0) + MAX_AHEAD;',
        put: '    return sequence >= 0;',
      },
      {
        file: 'packages/bus/src/receiving/stream.ts',
        find: '    if (this.#next === null || this.#next <= tail + 1 || this.#tail > tail) return;',
        put: '    if (tail >= 0) return;',
      },
    ],
  },
  {
    name: 'left-for-good',
    breaks: 'a node that was reported to have left is ignored for good',
    needs: ['forge'],
    changes: [
      {
        file: 'packages/bus/src/receiving/receiver.ts',
        find: '    peers.revive(peer, own.tail);\n',
        put: '',
      },
    ],
  },
  {
    name: 'no-retention',
    breaks: 'nothing is retained for a node whose lease has ended',
    changes: [
      {
        file: 'packages/bus/src/sending/sender.ts',
        find: '    this.#window.release(Math.min(kept, this.completeTail), credited);',
        put: '    this.#window.release(owed, credited);',
      },
    ],
  },
  {
    name: 'joined-owed-late',
    breaks:
      'a node that joined while this one was cut off is owed only what is sent once it is known',
    needs: ['join', 'join-apart'],
    changes: [
      {
        file: 'packages/bus/src/sending/sender.ts',
        find: '    return this.#window.completeUpTo(this.#options.membershipCompleteUntil());\n',
        put: '    return this.tail;\n',
      },
    ],
  },
  {
    name: 'kept-uncounted',
    breaks: 'a drain does not count what it retains for a node that is cut off past its lease',
    needs: ['drain', 'cut-path'],
    changes: [
      {
        file: 'packages/bus/src/sending/sender.ts',
        find: '    const { kept } = this.#options.progress(this.tail);\n',
        put: '    const { owed: kept } = this.#options.progress(this.tail);\n',
      },
    ],
  },
  {
    name: 'out-of-order',
    breaks: 'frames are delivered as they arrive',
    changes: [
      {
        file: 'packages/bus/src/receiving/stream.ts',
        find: '    if (this.#next !== null && prevSeq < this.#next) {',
        put: '    if (this.#next !== null) {',
      },
    ],
  },
  {
    name: 'doubled',
    breaks: 'a frame that arrived before is delivered again',
    changes: [
      {
        file: 'packages/bus/src/receiving/stream.ts',
        find: '    if ((this.#next !== null && sequence < this.#next) || this.#reorder.has(sequence)) return false;\n',
        put: '',
      },
    ],
  },
  {
    name: 'no-credit',
    breaks: 'room at the other nodes is never credited',
    changes: [
      {
        file: 'packages/bus/src/membership/peers.ts',
        find: '    peer.credited = Math.max(peer.credited, taken);\n',
        put: '',
      },
    ],
  },
  {
    name: 'met-at-once',
    breaks: 'a node takes links before it has met the others',
    changes: [
      {
        file: 'packages/bus/src/membership/peers.ts',
        find: '    if (now >= this.#limits.joinMs) return true;\n',
        put: '    if (now >= 0) return true;\n',
      },
    ],
  },
  {
    name: 'leave-unheard',
    breaks: 'a node that has sent its last frame is waited for',
    needs: ['drain'],
    changes: [
      { file: 'packages/bus/src/receiving/receiver.ts', find: '    peers.leave(peer);\n', put: '' },
    ],
  },
  {
    name: 'window-unbounded',
    breaks: 'the window for the other nodes is never full',
    changes: [
      {
        file: 'packages/bus/src/sending/sender.ts',
        find: '    const full = this.#full ? bytes >= share / 2 : bytes >= share;',
        put: '    const full = bytes < 0;',
      },
      {
        file: 'packages/bus/src/sending/sender.ts',
        find: '      this.#awaited === 0 || bytes < windowBytes || keptBytes + this.#unsentBytes > retentionBytes',
        put: '      windowBytes + retentionBytes + keptBytes + bytes > 0',
      },
    ],
  },
];
