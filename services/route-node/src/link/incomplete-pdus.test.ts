import { encodeMessage, HEARTBEAT_PDU, MSG_TYPE } from '@route/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LinkScene, type LinkSceneOptions, type SceneLink, settle } from '../testing/link-scene.ts';

const KIBIBYTE = 1024;
const CHUNK_BYTES = 32 * KIBIBYTE;
const MOST_BYTES = 512 * KIBIBYTE;

/** A PDU of nearly the largest length accepted. */
const LARGE = encodeMessage('msg_data', {
  ...{ fromUserId: 1, toSessionId: 2, msgId: 3, createTime: 1 },
  ...{ msgType: MSG_TYPE.groupText, msgData: Buffer.alloc(250 * KIBIBYTE, 120) },
});

let scene: LinkScene | undefined;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
  scene?.close();
});

function opened(
  count: number,
  options: Partial<LinkSceneOptions> = {},
): { readonly made: LinkScene; readonly links: SceneLink[] } {
  const made = new LinkScene({
    delivery: 'broadcast',
    limits: { minBytesPerSecond: KIBIBYTE, queueMaxBytes: 64 * 1024 * KIBIBYTE },
    incompletePduBytes: MOST_BYTES,
    ...options,
  });
  scene = made;
  return { made, links: Array.from({ length: count }, () => made.open()) };
}

function say({ socket }: SceneLink, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    socket.say(bytes.subarray(at, at + CHUNK_BYTES));
  }
}

/** Lets a second pass, with a tick of all links. */
async function second(made: LinkScene): Promise<void> {
  vi.advanceTimersByTime(1000);
  await tick(made, 0);
}

async function tick({ links }: LinkScene, stoodStillMs: number): Promise<void> {
  for (const { link } of links) link.tick(performance.now(), stoodStillMs);
  await settle(40);
}

it('a link that sends a byte per second of a PDU is closed as too slow, with what was expected', async () => {
  const { made, links } = opened(1);
  const [link] = links;
  for (let i = 0; i < 29; i++) {
    link?.socket.say(LARGE.subarray(i, i + 1));
    await second(made);
    expect(made.endings.size).toBe(0);
  }
  for (let i = 29; i < 33; i++) {
    link?.socket.say(LARGE.subarray(i, i + 1));
    await second(made);
  }
  expect([...made.endings.values()]).toEqual(['pdu-too-slow']);
  expect(link?.link.lateness).toMatch(
    /^3\d bytes of a PDU have arrived, its length is 25\d{4}; expected 1024 bytes\/s, at most 30 s behind$/,
  );
});

it('a link that sends a large PDU slowly but steadily is not closed', async () => {
  const { made, links } = opened(2);
  const [slow, other] = links;
  for (let at = 0; at < LARGE.length; at += 2 * KIBIBYTE) {
    slow?.socket.say(LARGE.subarray(at, at + 2 * KIBIBYTE));
    other?.socket.say(HEARTBEAT_PDU);
    await second(made);
  }
  expect(made.endings.size).toBe(0);
  expect(other?.socket.received.includes(LARGE)).toBe(true);
});

it('time in which the node does not read a link makes its PDU no later', async () => {
  const { made, links } = opened(1);
  links[0]?.socket.say(LARGE.subarray(0, 100));
  await second(made);
  made.gate.set('bus-full', true);
  for (let i = 0; i < 100; i++) await second(made);
  made.gate.set('bus-full', false);
  for (let i = 0; i < 28; i++) await second(made);
  expect(made.endings.size).toBe(0);
});

it('reading that is paused for a part of each second makes a PDU no later', async () => {
  const { made, links } = opened(1);
  links[0]?.socket.say(LARGE.subarray(0, 100));
  await second(made);
  for (let i = 0; i < 100; i++) {
    made.gate.set('bus-full', true);
    vi.advanceTimersByTime(900);
    made.gate.set('bus-full', false);
    vi.advanceTimersByTime(100);
    await tick(made, 0);
  }
  expect(made.endings.size).toBe(0);
});

it('time in which the node stands still makes a PDU no later', async () => {
  const { made, links } = opened(1);
  let sent = 0;
  const sendBytes = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      links[0]?.socket.say(LARGE.subarray(sent, ++sent));
      await second(made);
    }
  };
  await sendBytes(20);
  vi.advanceTimersByTime(60_000);
  await tick(made, 60_000);
  await sendBytes(9);
  expect(made.endings.size).toBe(0);
  await sendBytes(5);
  expect([...made.endings.values()]).toEqual(['pdu-too-slow']);
});

it('links that stop inside large PDUs hold no more than the limit, and are closed for room', async () => {
  const { made, links } = opened(13);
  const [healthy, begun, ...stopped] = links;
  if (healthy === undefined || begun === undefined) throw new Error('no link');
  // Not large yet, so it takes no room, and has all of its time.
  begun.socket.say(LARGE.subarray(0, CHUNK_BYTES));
  for (const link of stopped) say(link, LARGE.subarray(0, -1));
  await settle(100);
  expect(made.readScheduler.isFull).toBe(true);
  const arrived = stopped.map(({ link }) => link.receivedBytes);
  expect(arrived.filter((bytes) => bytes > 3 * CHUNK_BYTES)).toHaveLength(2);
  // The others stay as they were, also with a large PDU that comes last.
  say(healthy, HEARTBEAT_PDU);
  say(healthy, LARGE);
  let seconds = 0;
  while (healthy.link.receivedBytes < HEARTBEAT_PDU.length + LARGE.length && seconds < 60) {
    await second(made);
    expect(made.readScheduler.bytes).toBeLessThanOrEqual(MOST_BYTES);
    seconds++;
  }
  expect(seconds).toBeLessThan(20);
  expect(made.endings.size).toBeGreaterThan(5);
  for (const { link } of [healthy, begun]) expect(made.endings.has(link.id)).toBe(false);
  expect(new Set(made.endings.values())).toEqual(new Set(['pdu-too-slow']));
});

it('links that send more than the limit at once wait for each other, and none is closed', async () => {
  const { made, links } = opened(12);
  for (const link of links) say(link, LARGE.subarray(0, -1));
  await settle(100);
  expect(made.readScheduler.isFull).toBe(true);
  for (const link of links) link.socket.say(LARGE.subarray(-1));
  await settle(100);
  const whole = LARGE.length;
  expect(links.map(({ link }) => link.receivedBytes)).toEqual(links.map(() => whole));
  expect(made.endings.size).toBe(0);
  expect(made.readScheduler.bytes).toBe(0);
});

it('a link that closes inside a large PDU makes room', async () => {
  const { made, links } = opened(2);
  for (const link of links) say(link, LARGE.subarray(0, -1));
  await settle(100);
  expect(made.readScheduler.bytes).toBe(2 * LARGE.length);
  links[0]?.socket.destroy();
  await settle();
  expect(made.readScheduler.bytes).toBe(LARGE.length);
});
