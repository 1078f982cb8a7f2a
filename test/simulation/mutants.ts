import type { Planted } from './hooks.ts';
import type { FaultKind } from './schedule.ts';

/** A fault that is planted in the code under test, and that the simulation must find. */
export interface Mutant {
  readonly name: string;
  /** What the mutant breaks. */
  readonly breaks: string;
  readonly changes: readonly Planted[];
  /** The only fault kinds that reveal it, because others would take time; undefined for all. */
  readonly needs?: readonly FaultKind[];
}

export const MUTANTS: readonly Mutant[] = [
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
    breaks: 'A1: a lease alone makes a node awaited, heard or not',
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
    breaks: 'A2: a node that is gone is never forgotten',
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
    breaks: 'A3: a drain does not wait for what others lack',
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
    breaks: 'A3: what a drain gives up is not told',
    needs: ['drain', 'cut-path', 'freeze', 'dark-in', 'dark-out'],
    changes: [{ file: 'packages/bus/src/bus.ts', find: '    this.#sender.abandon();\n', put: '' }],
  },
  {
    name: 'own-channel-believed',
    breaks: 'A4: every node is believed to hear its own channel',
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
    breaks: 'A6: an entry larger than a frame is published whole',
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
    breaks: 'A8: heartbeats that come back are matched by their order',
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
    breaks: 'A9: a number far ahead is believed',
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
    breaks: 'A9: a node that was said to have left is never heard again',
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
    name: 'cut-inside',
    breaks: 'A10: a link over its limit is closed inside the call that sends',
    changes: [
      {
        file: 'services/route-node/src/link/link.ts',
        find: '    process.nextTick(() => {\n      this.#finish();\n      this.end(reason);\n      this.#socket.destroy();\n    });',
        put: '    this.#finish();\n    this.end(reason);\n    this.#socket.destroy();',
      },
    ],
  },
  {
    name: 'slow-for-ever',
    breaks: 'A11: a link that has ended stays among the slow ones',
    changes: [
      {
        file: 'services/route-node/src/link/link.ts',
        find: '    this.#host.overMark(this, false);\n    this.#host.ending(this, reason, error);',
        put: '    this.#host.overMark(this, true);\n    this.#host.ending(this, reason, error);',
      },
    ],
  },
  {
    name: 'parts-at-once',
    breaks: 'A12: a link that ends is closed before what its own PDUs have brought about is sent',
    needs: ['server-nonsense'],
    changes: [
      {
        file: 'services/route-node/src/link/link.ts',
        find: '    this.protocol.whenSettled(() => {\n      this.#finish();\n      this.#writer.end();\n    });',
        put: '    this.#finish();\n    this.#writer.end();',
      },
    ],
  },
  {
    name: 'paused-times-out',
    breaks: 'A13: a link that the node itself has paused times out',
    needs: ['server-stuck', 'server-slow'],
    changes: [
      {
        file: 'services/route-node/src/link/link.ts',
        find: 'this.#socket.isPaused()\n      ? nowMs',
        put: 'false\n      ? nowMs',
      },
    ],
  },
  {
    name: 'standstill-times-out',
    breaks: 'a link times out for the time in which the node itself stood still',
    needs: ['freeze', 'server-list'],
    changes: [
      {
        file: 'services/route-node/src/link/link.ts',
        find: 'this.#lastReceivedMs + stoodStillMs',
        put: 'this.#lastReceivedMs',
      },
    ],
  },
  {
    name: 'no-retention',
    breaks: 'nothing is kept for a node whose lease has ended',
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
    breaks: 'a drain does not count what it has kept for a node that is cut off past its lease',
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
    breaks: 'frames are handed on as they come',
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
    breaks: 'a frame that was here before is taken again',
    changes: [
      {
        file: 'packages/bus/src/receiving/stream.ts',
        find: '    if ((this.#next !== null && sequence < this.#next) || this.#reorder.has(sequence)) return false;\n',
        put: '',
      },
    ],
  },
  {
    name: 'others-unseen',
    breaks: 'what is for all goes to the only known node, though there may be others',
    changes: [
      {
        file: 'packages/bus/src/bus.ts',
        find: '    if (!this.membershipComplete) return undefined;\n',
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
    breaks: 'a node that says goodbye is waited for',
    needs: ['drain'],
    changes: [
      { file: 'packages/bus/src/receiving/receiver.ts', find: '    peers.leave(peer);\n', put: '' },
    ],
  },
  {
    name: 'window-unbounded',
    breaks: 'what waits for the others is never too much',
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
  {
    name: 'moves-not-followed',
    breaks: 'A14: a user who moves is not followed by what was on its way',
    changes: [
      {
        file: 'services/route-node/src/routing/directed/directed.ts',
        find: '        this.#replay(link, (recent, give) => recent.begin(userId, link, give)),\n',
        put: '        void [userId, link],\n',
      },
      {
        file: 'services/route-node/src/routing/directed/remote-interest.ts',
        find: '        begins(userId, node, isLate);\n',
        put: '',
      },
    ],
  },
  {
    name: 'unsure-skipped',
    breaks: 'a node that may hold anybody is taken to have got what is directed',
    needs: ['cut-path', 'dark-in', 'dark-out'],
    changes: [
      {
        file: 'services/route-node/src/routing/directed/directed.ts',
        find: 'remote.everybody : remote.unsure;',
        put: 'remote.everybody : Object.assign(Object.create(remote.unsure), { holders: [], has: remote.unsure.has.bind(remote.unsure) });',
      },
    ],
  },
  {
    name: 'sender-gets-own',
    breaks: 'what a link directs comes back to it',
    changes: [
      {
        file: 'services/route-node/src/routing/directed/directed.ts',
        find: '    links.others = this.#links.besides(from);\n',
        put: '    links.others = this.#links.listing;\n',
      },
    ],
  },
  {
    name: 'list-gets-nothing',
    breaks: 'a link whose list is being taken in is taken to hold nobody',
    needs: ['server-list'],
    changes: [
      {
        file: 'services/route-node/src/routing/directed/local-interest.ts',
        find: '    if (lists === this.#listing.has(link)) return false;\n',
        put: '    if (lists || !lists) return false;\n',
      },
    ],
  },
  {
    name: 'kept-for-ever',
    breaks: 'what was directed is never let go of',
    changes: [
      {
        file: 'services/route-node/src/routing/directed/retention-rounds.ts',
        find: '      if (ackedByAll >= round.lastFrame) round.heartbeatSeq ??= bus.heartbeatSeq + 1;\n',
        put: '      if (ackedByAll < 0) round.heartbeatSeq ??= bus.heartbeatSeq + 1;\n',
      },
    ],
  },
  {
    name: 'always-in-doubt',
    breaks: 'what is directed goes everywhere',
    changes: [
      {
        file: 'services/route-node/src/routing/directed/directed.ts',
        find: 'this.#bus !== undefined && !this.#bus.membershipComplete',
        put: 'this.#bus !== undefined',
      },
    ],
  },
  {
    name: 'holders-kept',
    breaks: 'a link that has let go of a user still gets what is for that user',
    changes: [
      {
        file: 'services/route-node/src/routing/directed/local-interest.ts',
        find: '    if (link === undefined || !this.#holders.remove(userId, link)) return;\n',
        put: '    if (link !== undefined) return;\n',
      },
    ],
  },
  {
    name: 'closed-counts',
    breaks: 'a link that has ended still counts',
    changes: [
      {
        file: 'services/route-node/src/link/protocol-handler.ts',
        find: '    this.#host.presence.closeLink(this.#link, how);\n',
        put: "    if (how === 'leave-to-lease') this.#host.presence.closeLink(this.#link, how);\n",
      },
    ],
  },
  {
    name: 'relays-overtake',
    breaks: 'relays overtake the status updates before them',
    changes: [
      {
        file: 'services/route-node/src/link/protocol-handler.ts',
        find: '    if (this.#turns.isEmpty) this.#host.hub.relay(this.#receiver, handling, bytes);\n',
        put: '    if (this.#turns.length >= 0) this.#host.hub.relay(this.#receiver, handling, bytes);\n',
      },
    ],
  },
];

/** @throws Error if no mutant has this name. */
export function mutantNamed(name: string): Mutant {
  const mutant = MUTANTS.find((known) => known.name === name);
  if (mutant === undefined) {
    throw new Error(
      `mutant is ${name}, expected one of ${MUTANTS.map((known) => known.name).join(' ')}`,
    );
  }
  return mutant;
}
