import type { Mutant } from './mutant.ts';

/** Faults in routing, most of them with directed delivery. */
export const ROUTING_MUTANTS: readonly Mutant[] = [
  {
    name: 'moves-not-followed',
    breaks: 'a user that moves does not get the PDUs that were on their way',
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
    breaks: 'a node whose interest is not known does not get directed PDUs',
    needs: ['cut-path', 'dark-in', 'dark-out'],
    changes: [
      {
        file: 'services/route-node/src/routing/directed/directed.ts',
        find: 'remote.everybody : remote.unsure;',
        put: 'remote.everybody : Object.assign(Object.create(remote.unsure), { members: [], has: remote.unsure.has.bind(remote.unsure) });',
      },
    ],
  },
  {
    name: 'sender-gets-own',
    breaks: 'a directed PDU returns to the link that sent it',
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
    breaks: 'a link whose list is being imported is taken for one without users',
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
    breaks: 'directed PDUs are retained for ever',
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
    breaks: 'directed PDUs go to every node',
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
    breaks: 'a link that has lost a user still gets the PDUs of that user',
    changes: [
      {
        file: 'services/route-node/src/routing/directed/local-interest.ts',
        find: '    if (link === undefined || !this.#holders.remove(userId, link)) return;\n',
        put: '    if (link !== undefined) return;\n',
      },
    ],
  },
];
