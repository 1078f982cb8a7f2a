import { type LinkId, PresenceMemory } from '@route/presence';
import {
  type ClientStatus,
  decodeMessage,
  encodeMessage,
  MSG_TYPE,
  USER_STATUS,
} from '@route/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { LinkScene, settle } from '../testing/link-scene.ts';

const KIBIBYTE = 1024;
const LINKS = 4;
/** Users of each link: link i has the users i, i + LINKS, ... */
const USERS = 8;

let scene: LinkScene | undefined;

afterEach(() => scene?.close());

function listOf(users: readonly number[]): Buffer {
  return encodeMessage('online_user_info', {
    userStatList: users.map((userId) => ({ userId, status: USER_STATUS.online, clientType: 1 })),
  });
}

interface Message {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

function messageOf({ id, from, to, bytes }: Message): Buffer {
  return encodeMessage('msg_data', {
    ...{ fromUserId: from, toSessionId: to, msgId: id, createTime: 1 },
    ...{ msgType: MSG_TYPE.singleText, msgData: Buffer.alloc(bytes, 120) },
  });
}

/** Ids of the messages in a stream. */
function messagesIn(stream: Buffer): number[] {
  const messages: number[] = [];
  for (let at = 0; at + 16 <= stream.length; ) {
    const end = at + stream.readUInt32BE(at);
    if (end > stream.length) break;
    const pdu = decodeMessage(stream.subarray(at, end));
    if (pdu?.command === 'msg_data') messages.push(pdu.fields.msgId);
    at = end;
  }
  return messages;
}

function peopled(delivery: 'broadcast' | 'directed'): LinkScene {
  const made = new LinkScene({ delivery });
  scene = made;
  for (let i = 0; i < LINKS; i++) {
    const { socket } = made.open();
    socket.say(listOf(Array.from({ length: USERS }, (_, k) => 1 + i + k * LINKS)));
  }
  return made;
}

const largeList = listOf(Array.from({ length: 5000 }, (_, k) => 10_000 + k));

/** Sends something to all links that comes from none of them. */
function toAll({ hub }: LinkScene, kibibytes: number): void {
  const sender = { id: 'none', send: () => {}, sendPart: () => {} };
  const message = messageOf({ id: 9, from: 500, to: 500, bytes: kibibytes * KIBIBYTE });
  hub.relay(sender, 'relay-to-all', message);
}

const holderOf = (userId: number): number => (userId - 1) % LINKS;

describe.each(['broadcast', 'directed'] as const)('with %s delivery', (delivery) => {
  it('a link over the hard limit inside a send, with pending PDUs, disturbs nothing', async () => {
    const made = peopled(delivery);
    await settle();
    const [stuck, second, third, fourth] = made.links;
    if (!stuck || !second || !third || !fourth) throw new Error('the scene has too few links');
    stuck.socket.stall(true);
    // PDUs behind the link's snapshot are relayed when it closes.
    stuck.socket.say(largeList, messageOf({ id: 1, from: 1, to: 3, bytes: 10 }));
    // User 1 is on the stuck link, user 2 on the second one, user 3 on the third.
    fourth.socket.say(
      messageOf({ id: 2, from: 1, to: 2, bytes: 40 * KIBIBYTE }),
      messageOf({ id: 3, from: 1, to: 2, bytes: 40 * KIBIBYTE }),
      messageOf({ id: 4, from: 1, to: 2, bytes: 10 }),
    );
    await settle();
    expect(made.endings.get(stuck.link.id)).toBe('unsent-over-limit');
    const all = delivery === 'broadcast';
    expect(messagesIn(second.socket.received)).toEqual(all ? [2, 3, 4, 1] : [2, 3, 4]);
    expect(messagesIn(third.socket.received)).toEqual(all ? [2, 3, 4, 1] : [1]);
    expect(messagesIn(fourth.socket.received)).toEqual(all ? [1] : []);
  });

  it('relays what is read from a link before it is closed for the hard limit', async () => {
    const made = peopled(delivery);
    await settle();
    const [stuck, , third] = made.links;
    if (!stuck || !third) throw new Error('the scene has too few links');
    stuck.socket.stall(true);
    made.gate.set('bus-full', true);
    // The PDU also goes back to its sender, which then is over the limit. What has arrived
    // meanwhile is read before the close.
    const signInfo = 'x'.repeat(80 * KIBIBYTE);
    stuck.socket.say(encodeMessage('sign_info_changed_notify', { changedUserId: 1, signInfo }));
    stuck.socket.say(messageOf({ id: 1, from: 1, to: 3, bytes: 10 }));
    await settle();
    expect(made.endings.get(stuck.link.id)).toBeUndefined();
    made.gate.set('bus-full', false);
    await settle();
    expect(made.endings.get(stuck.link.id)).toBe('unsent-over-limit');
    expect(messagesIn(third.socket.received)).toEqual([1]);
  });

  it.each(['ending', 'over', 'back', 'grown'] as const)(
    'links that exceed the hard limit while another one calls its node (%s) are closed, and nothing throws',
    async (position) => {
      let inside = false;
      const made = new LinkScene({
        delivery,
        inside: (callback) => {
          if (callback !== position || inside) return;
          inside = true;
          // All links exceed the hard limit at once, whatever the link was doing.
          toAll(made, 80);
        },
      });
      scene = made;
      const [stuck, other] = [made.open(), made.open()];
      await settle();
      for (const { socket } of [stuck, other]) socket.stall(true);
      // Over half of the mark, over the mark, and more.
      for (let i = 0; i < 3; i++) {
        toAll(made, 10);
        await settle();
      }
      if (position === 'back') stuck.socket.stall(false);
      if (position === 'ending') stuck.link.end('closed-by-operator');
      await settle();
      expect(inside).toBe(true);
      expect(made.endings.get(other.link.id)).toBe('unsent-over-limit');
      for (const { socket } of made.links) socket.stall(false);
      await settle();
      expect(made.gate.isOpen).toBe(true);
    },
  );

  it('closes a link that exceeds the hard limit during its own import, without an error', async () => {
    class SendingPresence extends PresenceMemory {
      override addClients(link: LinkId, clients: readonly ClientStatus[]): void {
        toAll(made, 80);
        super.addClients(link, clients);
      }
    }
    const made = new LinkScene({ delivery, presence: (options) => new SendingPresence(options) });
    scene = made;
    const { link, socket } = made.open();
    socket.stall(true);
    socket.say(largeList, messageOf({ id: 1, from: 1, to: 3, bytes: 10 }));
    await settle();
    expect(made.endings.get(link.id)).toBe('unsent-over-limit');
    expect([...made.gone]).toEqual([link.id]);
  });

  it('all PDUs are right and nothing throws, whichever links stall, read and close', async () => {
    const user = fc.integer({ min: 1, max: LINKS * USERS });
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant('send' as const),
          from: fc.nat(LINKS - 1),
          messages: fc.array(
            fc.record({
              from: user,
              to: user,
              bytes: fc.constantFrom(5, 300, 4000, 20_000, 40_000),
            }),
            { minLength: 1, maxLength: 6 },
          ),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('stall' as const), link: fc.nat(LINKS - 1) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('read' as const), link: fc.nat(LINKS - 1) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('readOne' as const), link: fc.nat(LINKS - 1) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('list' as const), link: fc.nat(LINKS - 1) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('garbage' as const), link: fc.nat(LINKS - 1) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('end' as const), link: fc.nat(LINKS - 1) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('status' as const), link: fc.nat(LINKS - 1) }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const made = peopled(delivery);
        await settle();
        const sent: (Message & { readonly link: number })[] = [];
        const isFor = (message: Message, link: number): boolean =>
          delivery === 'broadcast' || [message.from, message.to].map(holderOf).includes(link);
        /** Links that were ever slow, closed or sent garbage: they may lack PDUs of that time. */
        const unsteady = new Set<number>();
        /** While its snapshot is imported, a link gets every PDU. */
        const listing = new Set<number>();
        for (const action of steps) {
          if (action.do === 'settle') {
            await settle();
            continue;
          }
          const at = action.do === 'send' ? action.from : action.link;
          const link = made.links[at];
          if (link === undefined || made.endings.has(link.link.id)) continue;
          const { socket } = link;
          switch (action.do) {
            case 'send': {
              const pdus = action.messages.map((message) => {
                const made = { ...message, id: sent.length, link: at };
                sent.push(made);
                return messageOf(made);
              });
              socket.say(...pdus);
              break;
            }
            case 'stall':
              unsteady.add(at);
              socket.stall(true);
              break;
            case 'read':
              socket.stall(false);
              break;
            case 'readOne':
              socket.readOne();
              break;
            case 'list':
              listing.add(at);
              socket.say(largeList);
              break;
            case 'status':
              socket.say(
                encodeMessage('user_status_update', {
                  userStatus: 1,
                  userId: 999_999,
                  clientType: 1,
                }),
              );
              break;
            case 'garbage':
              unsteady.add(at);
              socket.say(Buffer.alloc(16));
              break;
            case 'end':
              unsteady.add(at);
              socket.sayEnd();
              break;
          }
        }
        for (const { socket } of made.links) socket.stall(false);
        await settle(100);
        for (const [i, { socket, link }] of made.links.entries()) {
          const ids = messagesIn(socket.received);
          const got = ids.flatMap((id) => sent[id] ?? []);
          expect(got.length).toBe(ids.length);
          // In order, none twice, none of its own, and with directed delivery none of other users.
          for (const [from, some] of Map.groupBy(got, (message) => message.link)) {
            expect(from).not.toBe(i);
            const inOrder = [...new Set(some.map(({ id }) => id))].sort((a, b) => a - b);
            expect(some.map(({ id }) => id)).toEqual(inOrder);
          }
          if (!listing.has(i)) expect(got.filter((message) => !isFor(message, i))).toEqual([]);
          if (unsteady.has(i) || made.endings.has(link.id)) continue;
          // PDUs that were not read before their link closed are not expected.
          const due = sent.filter((message) => {
            const { link: from } = message;
            return (
              from !== i &&
              isFor(message, i) &&
              !unsteady.has(from) &&
              !made.endings.has(`node.${from + 1}`)
            );
          });
          expect(due.filter(({ id }) => !ids.includes(id))).toEqual([]);
        }
        expect(made.gate.isOpen).toBe(true);
        made.close();
        await settle();
        expect(made.gone.size).toBe(LINKS);
        expect(made.hub.receivers).toBe(0);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
