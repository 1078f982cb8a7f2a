import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { client } from '../testing/asking.ts';
import { PresenceMemory } from './presence-memory.ts';

const A = 'engine.1';
const B = 'engine.2';
const GRACE_MS = 1_000;

describe('offline grace in memory: users of an ended link', () => {
  let told: string[];
  let presence: PresenceMemory;

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    presence = new PresenceMemory({
      lingerMs: 100,
      graceMs: GRACE_MS,
      perSecond: 20,
      lost: (userId, state) => told.push(`${userId} ${state}`),
      back: ({ userId, status, clientType }) => told.push(`${userId} ${status} ${clientType}`),
    });
    presence.openLink(A, { standby: false });
    presence.openLink(B, { standby: false });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test('are announced once, after the grace, if they had a PC client', () => {
    presence.addClients(A, [
      client(1, 'windows', 'online'),
      client(2, 'ios', 'online'),
      client(3, 'mac', 'online'),
    ]);
    presence.addClients(B, [client(3, 'android', 'online')]);
    presence.closeLink(A, 'release');
    vi.advanceTimersByTime(GRACE_MS - 1);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(10 * GRACE_MS);
    expect(told).toEqual(['1 gone', '3 mobile-only']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('are not announced if they return in time or have a PC client on another link', () => {
    presence.addClients(A, [client(1, 'windows', 'online'), client(2, 'windows', 'online')]);
    presence.addClients(B, [client(2, 'mac', 'online')]);
    presence.closeLink(A, 'release');
    vi.advanceTimersByTime(GRACE_MS / 2);
    presence.addClients(B, [client(1, 'windows', 'online')]);
    vi.advanceTimersByTime(10 * GRACE_MS);
    expect(told).toEqual([]);
  });

  test('are not announced by a grace again after a return and an OFFLINE', () => {
    const waiter = { updated: () => {} };
    presence.addClients(A, [client(1, 'windows', 'online')]);
    presence.closeLink(A, 'release');
    presence.update(B, client(1, 'windows', 'online'), waiter);
    presence.update(B, client(1, 'windows', 'offline'), waiter);
    vi.advanceTimersByTime(10 * GRACE_MS);
    expect(told).toEqual([]);
  });

  test('are corrected when they return after the announcement, unless an update announces it', () => {
    const waiter = { updated: () => {} };
    presence.addClients(A, [
      client(1, 'windows', 'online'),
      client(2, 'windows', 'online'),
      client(3, 'windows', 'online'),
    ]);
    presence.closeLink(A, 'release');
    vi.advanceTimersByTime(2 * GRACE_MS);
    expect(told.splice(0).sort()).toEqual(['1 gone', '2 gone', '3 gone']);
    presence.addClients(B, [client(1, 'mac', 'leave'), client(3, 'ios', 'online')]);
    presence.update(B, client(2, 'windows', 'online'), waiter);
    presence.addClients(B, [client(1, 'windows', 'online'), client(2, 'windows', 'online')]);
    const { leave } = USER_STATUS;
    expect(told).toEqual([`1 ${leave} ${CLIENT_TYPE.mac}`]);
  });

  test('are announced at the configured pace', () => {
    presence.addClients(
      A,
      Array.from({ length: 30 }, (_, id) => client(id, 'windows', 'online')),
    );
    presence.closeLink(A, 'release');
    vi.advanceTimersByTime(2 * GRACE_MS);
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(22);
    vi.advanceTimersByTime(2 * GRACE_MS);
    expect(told).toHaveLength(30);
  });

  test('are never announced if the grace is 0', () => {
    const silent = new PresenceMemory({
      lingerMs: 100,
      graceMs: 0,
      perSecond: 20,
      lost: () => told.push('somebody'),
      back: () => told.push('somebody'),
    });
    silent.openLink(A, { standby: false });
    silent.addClients(A, [client(1, 'windows', 'online')]);
    silent.closeLink(A, 'release');
    vi.advanceTimersByTime(10 * GRACE_MS);
    expect(told).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
