import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { DeliveryWorld, type HeardLink } from '../testing/world.ts';

// A run takes a few milliseconds; on a busy machine many times that.
vi.setConfig({ testTimeout: 120_000 });

const USERS = 6;
const user = fc.integer({ min: 1, max: USERS });
const link = fc.nat({ max: 5 });
const message = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(user, user) },
  { weight: 1, arbitrary: fc.constant('all' as const) },
);
const send = fc.record({
  does: fc.constant('send' as const),
  link,
  messages: fc.array(message, { minLength: 1, maxLength: 6 }),
});
const wait = fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 30 }) });
const move = fc.record({ does: fc.constant('move' as const), user, link, together: fc.boolean() });
const list = fc.record({
  does: fc.constant('list' as const),
  users: fc.uniqueArray(user, { minLength: 1, maxLength: 3 }),
  link,
});
const listed = fc.record({ does: fc.constant('listed' as const), link });
const release = fc.record({ does: fc.constant('release' as const), link });
const weather = fc.record({
  does: fc.constant('weather' as const),
  loss: fc.integer({ min: 0, max: 40 }),
  delayMs: fc.integer({ min: 0, max: 60 }),
});
const cut = fc.record({ does: fc.constantFrom('cut' as const, 'mend' as const), node: fc.nat(2) });
const long = fc.record({
  does: fc.constant('wait' as const),
  ms: fc.constantFrom(400, 1300, 3000),
});

async function worldWithUsers(): Promise<DeliveryWorld> {
  const world = await DeliveryWorld.of(3, 2);
  for (let id = 1; id <= USERS; id++) world.holds(id, linkAt(world, id));
  await world.clock.pass(600);
  return world;
}

function linkAt({ links }: DeliveryWorld, at: number): HeardLink {
  const found = links[at % links.length];
  if (found === undefined) throw new Error('there are no links');
  return found;
}

/** Links that a message must reach while no user moves. */
function dueAt(world: DeliveryWorld, message: number): Set<HeardLink> {
  const users = world.concerns[message] ?? [];
  const due = new Set(users.length === 0 ? world.links : []);
  for (const id of users) for (const holder of world.held.get(id) ?? []) due.add(holder);
  const from = world.from[message];
  if (from !== undefined) due.delete(from);
  return due;
}

function expectOnce(world: DeliveryWorld): void {
  for (const { heard } of world.links) expect(new Set(heard).size).toBe(heard.length);
}

test('while no user moves, messages reach only the recipients’ links, in order', async () => {
  const step = fc.oneof({ weight: 3, arbitrary: send }, { weight: 1, arbitrary: wait });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = await worldWithUsers();
      // Two users are on two links, of one node or of two.
      world.holds(1, linkAt(world, 3));
      world.holds(2, linkAt(world, 3));
      await world.clock.pass(600);
      for (const action of steps) {
        if (action.does === 'send') world.sends(linkAt(world, action.link), action.messages);
        else await world.clock.pass(action.ms);
      }
      await world.clock.pass(600);
      for (const link of world.links) {
        const due = world.concerns.map((_, id) => id).filter((id) => dueAt(world, id).has(link));
        for (const from of world.links) {
          const isFrom = (id: number): boolean => world.from[id] === from;
          expect(link.heard.filter(isFrom)).toEqual(due.filter(isFrom));
        }
      }
      for (const { counters } of world.nodes) expect(counters.doubtfulPdus).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('an online user gets every message once, despite moves and lost frames', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: send },
    { weight: 5, arbitrary: move },
    { weight: 1, arbitrary: list },
    { weight: 1, arbitrary: listed },
    { weight: 1, arbitrary: release },
    { weight: 3, arbitrary: wait },
    { weight: 1, arbitrary: weather },
    { weight: 1, arbitrary: cut },
    { weight: 1, arbitrary: long },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), async (steps, seed) => {
      const world = await worldWithUsers();
      let state = seed;
      const random = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      };
      for (const action of steps) {
        switch (action.does) {
          case 'send':
            world.sends(linkAt(world, action.link), action.messages);
            break;
          case 'wait':
            await world.clock.pass(action.ms);
            break;
          case 'move': {
            const to = linkAt(world, action.link);
            const before = [...(world.held.get(action.user) ?? [])].filter((from) => from !== to);
            world.holds(action.user, to);
            if (!action.together) for (const from of before) world.drops(action.user, from);
            break;
          }
          case 'list':
            world.lists(linkAt(world, action.link), action.users);
            break;
          case 'listed':
            world.listed(linkAt(world, action.link));
            break;
          case 'release':
            world.releases(linkAt(world, action.link));
            break;
          case 'weather':
            world.hub.setFaults(() =>
              random() * 100 < action.loss ? [] : [Math.floor(random() * action.delayMs)],
            );
            break;
          case 'cut':
            world.hub.cut(`n${action.node}`);
            break;
          case 'mend':
            world.hub.mend(`n${action.node}`);
            break;
        }
      }
      world.hub.setFaults();
      for (const { name } of world.nodes) world.hub.mend(name);
      await world.clock.pass(4000);
      expectOnce(world);
      for (const [id, users] of world.concerns.entries()) {
        const others = world.links.filter((link) => link !== world.from[id]);
        // In fallback mode it went to all links, as with the original.
        if (others.every(({ heard }) => heard.includes(id))) continue;
        for (const user of users) {
          const holders = world.since[id]?.get(user);
          if (holders === undefined) continue;
          // The sending link has it, and a link that got it before the user moved there does not
          // get it again.
          const has = (link: HeardLink): boolean =>
            link === world.from[id] || link.heard.includes(id);
          expect([...holders].some(has), `message ${id} has come to user ${user}`).toBe(true);
        }
      }
    }),
    { numRuns: 150 },
  );
});
