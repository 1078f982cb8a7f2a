import {
  encodeLoginStatusNotify,
  encodeMessage,
  encodeStatusNotify,
  encodeUsersStatusResponse,
  HEARTBEAT_PDU,
  MSG_TYPE,
  USER_STATUS,
} from '@route/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LinkScene, type SceneLink, settle } from '../testing/link-scene.ts';
import { SlowPresence } from '../testing/slow-presence.ts';

const KIBIBYTE = 1024;
const { online } = USER_STATUS;

let scene: LinkScene | undefined;

afterEach(() => scene?.close());

function messageOf(bytes: number): Buffer {
  return encodeMessage('msg_data', {
    ...{ fromUserId: 1, toSessionId: 2, msgId: 3, createTime: 1 },
    ...{ msgType: MSG_TYPE.groupText, msgData: Buffer.alloc(bytes, 120) },
  });
}

const NO_LINK = { id: 'none', send: () => {}, sendPart: () => {} };

/** Sends something to all links that comes from none of them. */
function toAll({ hub }: LinkScene, bytes: number): void {
  hub.relay(NO_LINK, 'relay-to-all', messageOf(bytes));
}

function tick({ links }: LinkScene): void {
  for (const { link } of links) link.tick(performance.now(), 0);
}

describe('timers', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  function opened(count: number): { readonly made: LinkScene; readonly links: SceneLink[] } {
    const made = new LinkScene({ delivery: 'broadcast' });
    scene = made;
    return { made, links: Array.from({ length: count }, () => made.open()) };
  }

  /** Advances time, with a tick of all links every 250 ms. */
  async function pass(made: LinkScene, seconds: number): Promise<void> {
    for (let quarter = 0; quarter < seconds * 4; quarter++) {
      vi.advanceTimersByTime(250);
      tick(made);
    }
    await settle();
  }

  it('close a link that has received nothing for the timeout', async () => {
    const { made, links } = opened(1);
    await settle();
    await pass(made, 29.5);
    expect(made.endings.size).toBe(0);
    await pass(made, 1);
    expect(made.endings.get(links[0]?.link.id ?? '')).toBe('timed-out');
  });

  it('do not count while the node itself does not read the link, nor right after', async () => {
    const { made, links } = opened(2);
    await settle();
    made.gate.set('bus-full', true);
    await pass(made, 100);
    expect(made.endings.size).toBe(0);
    made.gate.set('bus-full', false);
    await settle();
    await pass(made, 29);
    expect(made.endings.size).toBe(0);
    links[0]?.socket.say(HEARTBEAT_PDU);
    await settle();
    await pass(made, 2);
    expect([...made.endings]).toEqual([['node.2', 'timed-out']]);
  });

  it('do not count for a link that was paused and resumed between two ticks', async () => {
    const { made } = opened(1);
    await settle();
    made.gate.set('bus-full', true);
    vi.advanceTimersByTime(100_000);
    made.gate.set('bus-full', false);
    await settle();
    tick(made);
    await settle();
    expect(made.endings.size).toBe(0);
  });

  it('close a link after 10 s over the mark without progress, but first pause reading', async () => {
    const { made, links } = opened(2);
    const [stuck, other] = links;
    await settle();
    stuck?.socket.stall(true);
    toAll(made, 15 * KIBIBYTE);
    await settle();
    expect(made.gate.isOpen).toBe(true);
    toAll(made, 5 * KIBIBYTE);
    await settle();
    expect(made.gate.isOpen).toBe(false);
    expect(other?.link.reading).toBe('held');
    await pass(made, 9.5);
    expect(made.endings.size).toBe(0);
    await pass(made, 1);
    expect([...made.endings]).toEqual([['node.1', 'unsent-for-too-long']]);
    expect(made.gate.isOpen).toBe(true);
  });

  it('do not close a link over the mark while its backlog shrinks', async () => {
    const { made, links } = opened(1);
    await settle();
    links[0]?.socket.stall(true);
    for (let i = 0; i < 14; i++) {
      toAll(made, 4 * KIBIBYTE);
      // One write each.
      await settle();
    }
    for (let second = 0; second < 30; second += 6) {
      await pass(made, 6);
      links[0]?.socket.readOne();
      await settle();
    }
    expect(made.endings.size).toBe(0);
  });

  it('send a heartbeat on an idle link, but not on a link with queued bytes', async () => {
    const { made, links } = opened(2);
    await settle();
    links[0]?.socket.stall(true);
    toAll(made, 10);
    await settle();
    const queued = links[0]?.link.unsentBytes;
    await pass(made, 6);
    expect(links[0]?.link.unsentBytes).toBe(queued);
    expect(links[1]?.socket.received.includes(HEARTBEAT_PDU)).toBe(true);
  });
});

it('a link is closed as soon as more than the limit is queued for it', async () => {
  const made = new LinkScene({ delivery: 'broadcast' });
  scene = made;
  const { link, socket } = made.open();
  await settle();
  socket.stall(true);
  toAll(made, 63 * KIBIBYTE);
  await settle();
  expect(made.endings.size).toBe(0);
  toAll(made, KIBIBYTE);
  expect(link.isEnding).toBe(true);
  // Nothing more is queued, even by the same call.
  const { unsentBytes } = link;
  toAll(made, 63 * KIBIBYTE);
  link.sendPart(messageOf(1000), 0, 1000);
  expect(link.unsentBytes).toBe(unsentBytes);
  await settle();
  expect([...made.endings]).toEqual([['node.1', 'unsent-over-limit']]);
});

describe('a closing link', () => {
  const BROKEN = Buffer.alloc(16);
  const update = encodeMessage('user_status_update', {
    ...{ userStatus: online, userId: 7, clientType: 1 },
  });
  const sign = encodeMessage('sign_info_changed_notify', { changedUserId: 7, signInfo: 'x' });
  const query = encodeMessage(
    'users_status_request',
    { userId: 7, userIdList: [7] },
    { seqNum: 5 },
  );
  const answer = encodeUsersStatusResponse({
    ...{ userId: 7, stats: [{ userId: 7, status: online }] },
    ...{ attachData: Buffer.alloc(0), seqNum: 5 },
  });
  const NOTIFIED = [encodeLoginStatusNotify(7, true), encodeStatusNotify(7, online)];

  function slowScene(): { made: LinkScene; presence: SlowPresence } {
    let presence: SlowPresence | undefined;
    const made = new LinkScene({
      delivery: 'broadcast',
      presence: (options) => {
        presence = new SlowPresence(options);
        return presence;
      },
    });
    scene = made;
    if (presence === undefined) throw new Error('the scene made no presence');
    return { made, presence };
  }

  // As the original: PDUs before the invalid length are handled, then the link is closed.
  it.each([
    ['for a length of 0 in the same segment', [BROKEN]],
    ['for a length over the limit', [Buffer.from('7fffffff', 'hex')]],
    ['as its msg_server has ended it', undefined],
  ])('%s gets what its PDUs before have brought about, then its end', async (_why, broken) => {
    const { made, presence } = slowScene();
    const { link, socket } = made.open();
    const other = made.open();
    await settle();
    if (broken === undefined) {
      socket.say(update, sign, query);
      socket.sayEnd();
    } else {
      socket.say(update, sign, query, ...broken, sign);
    }
    await settle();
    expect([link.isEnding, socket.ended, socket.received.length]).toEqual([true, false, 0]);
    presence.answer();
    await settle();
    expect(socket.received.toString('hex')).toBe(
      Buffer.concat([...NOTIFIED, sign, answer]).toString('hex'),
    );
    expect(other.socket.received.equals(Buffer.concat([...NOTIFIED, sign]))).toBe(true);
    expect(socket.ended).toBe(true);
    expect(made.hub.receivers).toBe(1);
  });

  it('is not among the slow links again, whatever it still gets', async () => {
    const { made, presence } = slowScene();
    const { link, socket } = made.open();
    const other = made.open();
    await settle();
    socket.stall(true);
    const large = encodeMessage('users_status_request', {
      ...{ userId: 7, userIdList: Array.from({ length: 4000 }, (_, i) => i) },
    });
    socket.say(large, BROKEN);
    await settle();
    expect(link.isEnding).toBe(true);
    presence.answer();
    await settle();
    expect(link.unsentBytes).toBeGreaterThan(16 * KIBIBYTE);
    expect(made.gate.isOpen).toBe(true);
    socket.destroy();
    await settle();
    expect([...made.gone]).toEqual(['node.1']);
    expect(other.link.reading).toBe('reading');
    expect(made.gate.isOpen).toBe(true);
  });

  it('that does not read is cut when too much is queued for it', async () => {
    const { made, presence } = slowScene();
    const { socket } = made.open();
    await settle();
    socket.stall(true);
    socket.say(update, BROKEN);
    await settle();
    toAll(made, 70 * KIBIBYTE);
    await settle();
    expect(socket.destroyed).toBe(true);
    presence.answer();
    await settle();
    expect([...made.gone]).toEqual(['node.1']);
    expect([...made.endings]).toEqual([['node.1', 'length-too-small']]);
  });
});

describe('a dropped PDU', () => {
  const list = (clientType: number): Buffer =>
    encodeMessage('online_user_info', {
      userStatList: [{ userId: 7, status: online, clientType }],
    });

  it('is reported with its unknown client type, and the link stays', async () => {
    const made = new LinkScene({ delivery: 'broadcast' });
    scene = made;
    const { socket } = made.open();
    await settle();
    socket.say(
      list(0x13),
      encodeMessage('user_status_update', { userStatus: online, userId: 7, clientType: 0x14 }),
      // A user_status that does not exist.
      encodeMessage('user_status_update', { userStatus: 9, userId: 7, clientType: 1 }),
    );
    await settle();
    const problem = 'unknown-client-type';
    expect(made.dropped).toEqual([
      { command: 'online_user_info', problem, value: '0x13' },
      { command: 'user_status_update', problem, value: '0x14' },
    ]);
    expect(made.counters.unknownClientTypes).toBe(2);
    expect(made.endings.size).toBe(0);
  });

  it('with too many users is reported, and the PDUs behind it are handled', async () => {
    const made = new LinkScene({ delivery: 'broadcast' });
    scene = made;
    const { socket } = made.open();
    await settle();
    const queryOf = (users: number): Buffer =>
      encodeMessage('users_status_request', { userId: 7, userIdList: Array(users).fill(5) });
    socket.say(queryOf(5001), queryOf(1));
    await settle();
    expect(made.dropped).toEqual([
      { command: 'users_status_request', problem: 'too-many-users', value: 'more than 5000' },
    ]);
    expect(socket.received.length).toBeGreaterThan(16);
    expect(socket.received.readUInt32BE(0)).toBe(socket.received.length);
  });
});
