import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messagePdu, type ReceivedPdu, type TestLink } from '../harness/index.ts';
import { isBystanders } from './bystanders.ts';
import { fateOf, fuzzedStream } from './fuzzed-stream.ts';
import { Scene } from './scene.ts';

/** Commands of PDUs that the node itself sends; this test ignores them. */
const MADE_BY_NODE: ReadonlySet<number> = new Set([0x070e, 0x0203, 0x020b]);

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(() => scene[Symbol.asyncDispose]());

/** The PDUs that a link has received from other links, without those of bystanders. */
function relayedTo(listener: TestLink): ReceivedPdu[] {
  return listener.received.filter((pdu) => !MADE_BY_NODE.has(pdu.commandId) && !isBystanders(pdu));
}

/** Opens a link, sends on it, and expects its end for the reason; undefined: by this side. */
async function expectClose(
  reason: string | undefined,
  send: (link: TestLink) => Promise<void>,
): Promise<void> {
  // A port may be the one that an earlier link had.
  const earlier = new Set(scene.node.logsOf('link-closed'));
  await using link = await scene.openLink();
  await send(link);
  if (reason === undefined) await link.close();
  else await link.closedByServer;
  const { address } = link;
  const line = await scene.node.waitForLog(
    'link-closed',
    (closed) => closed['peer'] === address && !earlier.has(closed),
  );
  expect(line['reason']).toBe(reason ?? 'peer-closed');
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
      listener.received.length = 0;
      await expectClose(reason, (link) => link.sendSplit(bytes, splits));

      // The link is closed: its relayed PDUs arrive at the listener before this marker.
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
      const bytes = Buffer.from(random);
      await expectClose(fateOf(bytes).reason, async (link) => link.send(bytes));
    }),
    { seed, numRuns: 100 },
  );
  expect(listener.serverClose).toBeUndefined();
  await scene.expectUnharmed();
});
