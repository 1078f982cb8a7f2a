import { CLIENT_TYPE } from '@route/link-client';
import { expect, test } from 'vitest';
import { PresenceModel } from './presence-model.ts';

const { windows, mac, ios } = CLIENT_TYPE;
const DOUBT_MS = 20_000;
const USER = 3;

/** A model, with changes made and reported at once. */
function makeModel() {
  const model = new PresenceModel({ users: 10, doubtMs: DOUBT_MS });
  const login = (
    type: typeof windows | typeof mac | typeof ios,
    nowMs: number,
    server = 0,
  ): void => {
    model.change(USER, type, 1);
    model.reported(USER, type, { server, nowMs, gone: false });
  };
  const logoff = (
    type: typeof windows | typeof mac | typeof ios,
    nowMs: number,
    server = 0,
  ): void => {
    model.change(USER, type, -1);
    model.reported(USER, type, { server, nowMs, gone: true });
  };
  return { model, login, logoff };
}

test('a user is online with a PC client, but not with a phone alone', () => {
  const { model, login, logoff } = makeModel();
  login(ios, 1);
  expect(model.isOnline(USER)).toBe(false);
  login(windows, 2);
  login(mac, 3);
  logoff(windows, 4);
  expect(model.isOnline(USER)).toBe(true);
  expect([model.online, model.clients]).toEqual([1, 2]);
  logoff(mac, 5);
  expect(model.isOnline(USER)).toBe(false);
});

test('notifies every link of a PC client, but not of an OFFLINE that leaves another', () => {
  const { model, login, logoff } = makeModel();
  login(ios, 1);
  expect(model.announcedMs(USER)).toBeUndefined();
  login(windows, 2);
  login(mac, 3);
  logoff(windows, 4);
  expect(model.announcedMs(USER)).toBe(3);
  logoff(mac, 5);
  expect(model.announcedMs(USER)).toBe(5);
  expect(model.undisturbedSince(USER)).toBe(5);
});

test('ignores users of a lost link and their reports during the grace time', () => {
  const { model, login, logoff } = makeModel();
  login(windows, 100);
  model.linkLost(0, [USER], 1_000);
  expect(model.undisturbedSince(USER)).toBe(1_000 + DOUBT_MS);
  model.unannounced(USER, 2_000);
  logoff(windows, 3_000);
  expect(model.announcedMs(USER)).toBeUndefined();
  expect(model.undisturbedSince(USER)).toBe(1_000 + DOUBT_MS);
  login(windows, 30_000);
  expect(model.announcedMs(USER)).toBe(30_000);
});

test('ignores users reported offline just before their link was lost', () => {
  const { model, login, logoff } = makeModel();
  login(windows, 100);
  logoff(windows, 900);
  model.linkLost(1, [], 1_000);
  expect(model.undisturbedSince(USER)).toBe(900);
  model.linkLost(0, [], 1_000);
  expect(model.undisturbedSince(USER)).toBe(1_000 + DOUBT_MS);
});
