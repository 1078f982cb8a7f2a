import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messagePdu, type ReceivedPdu, type TestLink } from '../harness/index.ts';
import { isBystanders } from './bystanders.ts';
import { fateOf, fuzzedStream } from './fuzzed-stream.ts';
import { Scene } from './scene.ts';

/** What the node itself makes; which of these come is not what is tested here. */
const MADE_BY_NODE: ReadonlySet<number> = new Set([0x070e, 0x0203, 0x020b]);

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(() => scene[Symbol.asyncDispose]());

/** What a link has received from other links, the bystanders' talk aside. */
function relayedTo(listener: TestLink): ReceivedPdu[] {
  return listener.received.filter((pdu) => !MADE_BY_NODE.has(pdu.commandId) && !isBystanders(pdu));
}

test('relays every whole PDU of any stream, and only an impossible length closes the link', async () => {
  const seed = Number(process.env['ROUTE_TEST_SEED'] ?? Date.now() & 0x7fff_ffff);
  console.log(`fast-check seed ${seed}`);
  await using listener = await scene.openLink();
  await using marking = await scene.openLink();
  let markers = 0;

  await fc.assert(
    fc.asyncProperty(fuzzedStream, async ({ bytes, splits }) => {
      const { reason, relayed } = fateOf(bytes);
      // A port may be the one that an earlier link had.
      const earlier = new Set(scene.node.logsOf('link-closed'));
      await using link = await scene.openLink();
      listener.received.length = 0;
      await link.sendSplit(bytes, splits);
      if (reason === undefined) await link.close();
      else await link.closedByServer;
      const { address } = link;
      const line = await scene.node.waitForLog(
        'link-closed',
        (closed) => closed['peer'] === address && !earlier.has(closed),
      );
      expect(line['reason']).toBe(reason ?? 'peer-closed');

      // The link is gone: what the node had to relay of it stands before this on the listener's link.
      const marker = messagePdu(1, ++markers);
      marking.send(marker);
      await listener.waitForPdu((pdu) => pdu.bytes.equals(marker));
      const heard = Buffer.concat(relayedTo(listener).map((pdu) => pdu.bytes));
      expect(heard.toString('hex')).toBe(Buffer.concat([relayed, marker]).toString('hex'));
    }),
    { seed, numRuns: 150 },
  );
  await scene.expectUnharmed();
});

test('random bytes close only the link that sends them', async () => {
  const seed = Number(process.env['ROUTE_TEST_SEED'] ?? Date.now() & 0x7fff_ffff);
  console.log(`fast-check seed ${seed}`);
  await using listener = await scene.openLink();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 20_000 }), async (random) => {
      // A port may be the one that an earlier link had.
      const earlier = new Set(scene.node.logsOf('link-closed'));
      await using link = await scene.openLink();
      const bytes = Buffer.from(random);
      const { reason } = fateOf(bytes);
      link.send(bytes);
      if (reason === undefined) await link.close();
      else await link.closedByServer;
      const { address } = link;
      const line = await scene.node.waitForLog(
        'link-closed',
        (closed) => closed['peer'] === address && !earlier.has(closed),
      );
      expect(line['reason']).toBe(reason ?? 'peer-closed');
    }),
    { seed, numRuns: 100 },
  );
  expect(listener.serverClose).toBeUndefined();
  await scene.expectUnharmed();
});
