import { randomBytes } from 'node:crypto';
import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openLink } from '../harness/index.ts';
import { headerOf, pduWithBody } from './bad-pdus.ts';
import { BYTES_PASSED, expectFlatMemory } from './memory.ts';
import { Scene } from './scene.ts';

const MIB = 1_048_576;

describe('the memory of a node does not grow while', () => {
  let scene: Scene;

  beforeAll(async () => {
    // A small heap: V8 gives back what it does not need, and what is kept ends the node.
    const heap = '--max-semi-space-size=4 --max-old-space-size=96';
    scene = await Scene.start({ NODE_OPTIONS: heap, ROUTE_MAX_PDU_BYTES: String(MIB) });
  });
  afterEach(() => scene.expectUnharmed());
  afterAll(() => scene[Symbol.asyncDispose]());

  test('links send a megabyte of garbage each behind a good PDU', async () => {
    const good = pduWithBody('heartbeat', Buffer.alloc(0));
    const garbage = Buffer.concat([headerOf('msg_data', 0), randomBytes(MIB)]);
    const rounds = BYTES_PASSED / MIB;
    await expectFlatMemory(scene.node, rounds, async () => {
      await using link = await scene.openLink();
      link.send(good, garbage);
      await link.closedByServer;
    });
    expect(await scene.closed('length-too-small')).toBe(rounds);
  });

  test('links close in the middle of a PDU of the maximum length', async () => {
    const begun = pduWithBody('msg_data', randomBytes(MIB - 16)).subarray(0, -1);
    const linksInRound = 8;
    const rounds = Math.ceil(BYTES_PASSED / MIB / linksInRound);
    await expectFlatMemory(scene.node, rounds, async () => {
      const links = await Promise.all(
        Array.from({ length: linksInRound }, () => openLink(scene.node)),
      );
      for (const link of links) link.send(begun);
      await Promise.all(links.map((link) => link.whenSent()));
      await Promise.all(links.map((link) => link.close()));
    });
  });

  test('one link sends bodies that do not parse', async () => {
    await using link = await scene.openLink();
    const clients = Array.from({ length: 5000 }, (_, userId) => ({
      userId,
      status: USER_STATUS.online,
      clientType: CLIENT_TYPE.ios,
    }));
    const list = encodeMessage('online_user_info', { userStatList: clients });
    // Its last entry is of a client type that there is none of: all else has been read in vain.
    list.writeUInt8(0x7f, list.length - 1);
    // An entry read is an object of some ten times its bytes.
    const rounds = Math.ceil(BYTES_PASSED / 8 / list.length / 8);
    await expectFlatMemory(scene.node, rounds, async () => {
      for (let index = 0; index < 8; index++) link.send(list);
      await link.query([1]);
    });
    expect(await scene.node.metric('route_presence_users')).toBe(0);
    expect(
      await scene.node.metric('route_pdus_malformed_total', { command: 'online_user_info' }),
    ).toBe(rounds * 8);
  });

  test('two thousand connections, half of them silent, end in every possible way', async () => {
    const fdsBefore = await scene.node.metric('process_open_fds');
    const closedBefore = await scene.node.metric('route_links_closed_total');
    const checksBefore = await scene.node.metric('route_connections_checks_total');
    const openedBefore = await scene.node.metric('route_links_opened_total');
    const half = headerOf('msg_data', 100).subarray(0, 7);
    let speaking = 0;
    await expectFlatMemory(scene.node, 20, async () => {
      const links = await Promise.all(Array.from({ length: 100 }, () => openLink(scene.node)));
      for (const [index, link] of links.entries()) if (index % 2 === 0) link.sendRaw(half);
      speaking += 50;
      // Destroying a socket with unread data resets the connection, and the node may then discard
      // what it has not read yet: whether the link has sent anything would be left to chance.
      const opened = openedBefore + speaking;
      await scene.node.waitForMetric('route_links_opened_total', (n) => n === opened);
      for (const [index, link] of links.entries()) {
        if (index % 3 === 0) link.destroy();
        else await link.close();
      }
    });
    await scene.node.waitForMetric('route_links_closed_total', (n) => n === closedBefore + 1000);
    await scene.node.waitForMetric(
      'route_connections_checks_total',
      (n) => n === checksBefore + 1000,
    );
    await scene.node.waitForMetric('route_links', (links) => links === 2);
    await scene.node.waitForMetric('process_open_fds', (fds) => fds <= fdsBefore + 10);
  });
});
