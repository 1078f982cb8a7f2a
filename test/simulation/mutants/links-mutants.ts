import type { Mutant } from './mutant.ts';

/** Faults in the links of a node. */
export const LINKS_MUTANTS: readonly Mutant[] = [
  {
    name: 'cut-inside',
    breaks: 'a link over its limit is closed inside the call that sends',
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
    breaks: 'a link that has ended stays among the slow ones',
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
    breaks: 'a link that ends is closed before the results of its own PDUs are sent',
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
    breaks: 'a link that the node itself has paused times out',
    needs: ['dark-in', 'dark-out', 'lossy'],
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
