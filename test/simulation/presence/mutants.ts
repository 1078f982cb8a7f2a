import type { Planted } from '../hooks.ts';

/** A fault that is planted in the code under test, and that the simulation must find. */
export interface Mutant {
  readonly name: string;
  /** What the mutant breaks. */
  readonly breaks: string;
  readonly changes: readonly Planted[];
}

const PRESENCE = 'packages/presence/src';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'moves-after-the-lease',
    breaks: 'a node leaves a Redis that its name no longer leads to, but not within its lease',
    changes: [
      {
        file: 'services/route-node/src/engine/engine-redis.ts',
        find: 'moveWithinMs: leaseMs,',
        put: 'moveWithinMs: 10_000,',
      },
    ],
  },
  {
    name: 'closed-links-stay',
    breaks: 'links that closed while Redis forgot that stay in it after a rollback',
    changes: [
      {
        file: `${PRESENCE}/redis/shard-queue.ts`,
        find: "this.add({ kind: 'release', link, graceMs: 0, hadPc: () => [] });",
        put: 'void link;',
      },
    ],
  },
  {
    name: 'commits-before-all-have-asserted',
    breaks: 'updates are committed in a Redis that lacks what other nodes hold',
    changes: [
      {
        file: `${PRESENCE}/redis/presence-redis.ts`,
        find: 'this.resync();',
        put: 'this.resync();\n    this.settled();',
      },
    ],
  },
  {
    name: 'missing-login-stays',
    breaks: 'an OFFLINE told without the mobile client that a node holds is not corrected',
    changes: [
      {
        file: 'services/route-node/src/routing/hub.ts',
        find: "isMobileUnknown && isMobileOlder ? 'any' : 'pc'",
        put: "isMobileUnknown && isMobileOlder ? 'pc' : 'pc'",
      },
    ],
  },
  {
    name: 'announced-users-are-forgotten',
    breaks:
      'who was announced offline before Redis lost data, and is back by a list, stays offline',
    changes: [
      {
        file: `${PRESENCE}/grace/offline-grace.ts`,
        find: 'this.#unsure = new Set(this.#shards.keys());',
        put: '',
      },
    ],
  },
  {
    name: 'lost-after-a-list-are-silent',
    breaks: 'a lost user whose last notification was an OFFLINE is not announced',
    changes: [
      {
        file: `${PRESENCE}/grace/announced-users.ts`,
        find: "if (said === 'grace-over') {",
        put: "if (said !== 'there') {",
      },
    ],
  },
  {
    name: 'removals-are-refused-when-full',
    breaks: 'links that end are not taken out of a Redis at maxmemory',
    changes: [
      {
        file: `${PRESENCE}/redis/lua/release-link.5.lua`,
        find: '#!lua flags=allow-oom\n',
        put: '#!lua\n',
      },
    ],
  },
  {
    name: 'departures-wait-with-arrivals',
    breaks: 'clients that go offline stay in a full Redis while it refuses others',
    changes: [
      {
        file: `${PRESENCE}/redis/shard-queue.ts`,
        find: 'else if (enlarges(operation)) this.putOff(operation);',
        put: "else if (operation.kind !== 'reads') this.putOff(operation);",
      },
    ],
  },
  {
    name: 'refused-clients-come-late',
    breaks: 'a client that a full Redis has refused is announced after it has gone',
    changes: [
      {
        file: `${PRESENCE}/redis/shard-queue.ts`,
        find: "if (operation.kind === 'update') this.#late.drop(operation);",
        put: '',
      },
    ],
  },
  {
    name: 'failed-sweeps-wait',
    breaks: 'a sweep that has failed is made again only after three leases',
    changes: [
      {
        file: `${PRESENCE}/cluster/repeated-task.ts`,
        find: 'this.runWithin(retryMs);',
        put: 'this.runWithin(everyMs);',
      },
    ],
  },
  {
    name: 'grace-is-lost-with-redis',
    breaks: 'users within their grace are forgotten by an emptied Redis',
    changes: [
      {
        file: `${PRESENCE}/redis/shard-queue.ts`,
        find: 'of this.#lost.pending()) {',
        put: 'of new Map<number, readonly number[]>()) {',
      },
    ],
  },
  {
    name: 'reaps-who-could-not-renew',
    breaks: 'a node that could not renew while Redis was away is reaped',
    changes: [
      {
        file: `${PRESENCE}/cluster/lease-observer.ts`,
        find: 'return Math.max(renewedAtMs, this.#sinceMs);',
        put: 'return renewedAtMs;',
      },
    ],
  },
  {
    name: 'stays-with-a-replica',
    breaks: 'a demoted server is never left',
    changes: [
      {
        file: 'packages/redis/src/server-watch.ts',
        find: 'client.disconnect(true);',
        put: 'void client;',
      },
    ],
  },
  {
    name: 'lingers-too-long',
    breaks: 'links that were asked to move count for longer than a lease',
    changes: [
      {
        file: `${PRESENCE}/ledger/link-presence.ts`,
        find: '}, this.#options.lingerMs)',
        put: '}, this.#options.lingerMs * 10)',
      },
    ],
  },
  {
    name: 'versions-follow-the-clock',
    breaks: 'versions go back with the clock of an empty Redis: notifications count as stale',
    changes: [
      {
        file: `${PRESENCE}/redis/lua/apply-updates.6.lua`,
        find: 'version = math.max(version, clock + 1, known + 1)',
        put: '',
      },
    ],
  },
  {
    name: 'grace-follows-the-clock',
    breaks: 'a step of the clock moves the end of graces',
    changes: [
      {
        file: `${PRESENCE}/redis/lua/claim-pending.4.lua`,
        find: 'math.max(0, math.min(1000, now - at))',
        put: '(now - at)',
      },
      {
        file: `${PRESENCE}/redis/lua/release-link.5.lua`,
        find: 'math.max(0, math.min(1000, now - at))',
        put: '(now - at)',
      },
    ],
  },
  {
    name: 'wrong-offline-stays',
    breaks: 'an OFFLINE of a user whom a link still holds is not corrected',
    changes: [
      {
        file: 'services/route-node/src/routing/hub.ts',
        find: "if (said !== 'there') this.#correctStatus(notice);",
        put: '',
      },
    ],
  },
  {
    name: 'returns-are-silent',
    breaks: 'a user who was announced offline and is back by a list is not announced',
    changes: [
      {
        file: `${PRESENCE}/redis/lua/apply-updates.6.lua`,
        find: 'record and string.byte(record) == 112 and back or known',
        put: 'known',
      },
    ],
  },
  {
    name: 'claims-are-not-held',
    breaks: 'two nodes announce the same lost user',
    changes: [
      {
        file: `${PRESENCE}/redis/lua/claim-pending.4.lua`,
        find: "redis.call('ZADD', pending, claimedUntil, user)",
        put: '',
      },
    ],
  },
  {
    name: 'deferred-updates-are-dropped',
    breaks: 'what was reported while Redis was away is never announced',
    changes: [
      {
        file: `${PRESENCE}/redis/shard-queue.ts`,
        find: 'this.#late.add({ link, update, hadClient });',
        put: '',
      },
    ],
  },
  {
    name: 'every-shard-has-its-pace',
    breaks: 'more lost users are announced than ROUTE_OFFLINE_GRACE_PER_SECOND where that is low',
    changes: [
      {
        file: `${PRESENCE}/grace/offline-grace.ts`,
        find: 'i < this.#shards.length && left > 0',
        put: 'i < this.#shards.length',
      },
      {
        file: `${PRESENCE}/grace/offline-grace.ts`,
        find: 'Math.min(left, share)',
        put: 'Math.max(1, share)',
      },
    ],
  },
  {
    name: 'told-outlives-its-day',
    breaks: 'users who were announced offline stay in Redis where no user is lost any more',
    changes: [
      {
        file: `${PRESENCE}/redis/lua/claim-pending.4.lua`,
        find: "if #old > 0 then redis.call('ZREM', announced, unpack(old)) end",
        put: '',
      },
    ],
  },
  {
    name: 'twin-loses-who-never-counted',
    breaks: 'a node without Redis announces users of a link that never counted',
    changes: [
      {
        file: `${PRESENCE}/ledger/link-presence.ts`,
        find: 'if (!link.counts) return;',
        put: '',
      },
    ],
  },
  {
    name: 'late-offline-unaware',
    breaks: 'a node that was reaped announces offline whom another has announced meanwhile',
    changes: [
      {
        file: `${PRESENCE}/redis/shard-queue.ts`,
        find: 'announcedUsers.noteStored(userId, Number(toldVersion));',
        put: 'void userId; void toldVersion;',
      },
    ],
  },
  {
    name: 'updates-leave-the-loss',
    breaks: 'a lost user whose OFFLINE an update has told is told of again when the grace is over',
    changes: [
      {
        file: `${PRESENCE}/redis/lua/apply-updates.6.lua`,
        find: 'anyPending and (isAnnounced or record and',
        put: 'anyPending and (record and',
      },
    ],
  },
];

/** @throws Error if no mutant has this name. */
export function mutantNamed(name: string): Mutant {
  const mutant = MUTANTS.find((known) => known.name === name);
  if (mutant !== undefined) return mutant;
  const names = MUTANTS.map((known) => known.name).join(' ');
  throw new Error(`--mutant is ${name}, expected one of ${names}`);
}
