import { expect, test } from 'vitest';
import { DIALECTS } from './dialect.ts';
import { loadPdu } from './load-pdu.ts';

const pdu = loadPdu(160);

test('a PDU travels to NATS as one PUB, and back as one MSG', () => {
  const { nats } = DIALECTS;
  const sent = nats.wrap(pdu);
  expect(sent.toString('latin1')).toBe(`PUB b 160\r\n${pdu.toString('latin1')}\r\n`);
  expect(sent.indexOf(pdu)).toBe(nats.wrappedPduAt(160));

  const received = Buffer.concat([Buffer.from('MSG b 1 160\r\n'), pdu, Buffer.from('\r\n')]);
  expect(nats.receivedBytes(160)).toBe(received.length);
  const head = 'MSG b 1 160\r\n'.length;
  expect(nats.unitAt(received, 0)).toEqual({ bytes: received.length, pduAt: head });
});

test('NATS control lines contain no PDU, and half a message waits for the rest', () => {
  const { nats } = DIALECTS;
  expect(nats.unitAt(Buffer.from('PING\r\nMSG'), 0)).toEqual({ bytes: 6, pduAt: undefined });
  expect(nats.unitAt(Buffer.from('PING\r\nMSG'), 6)).toBeUndefined();
  expect(nats.unitAt(Buffer.from('MSG b 1 160\r\nxx'), 0)).toBeUndefined();
});

test('a PDU travels to a route node and back unchanged; other PDUs are skipped', () => {
  const { route } = DIALECTS;
  expect(route.wrap(pdu)).toBe(pdu);
  expect(route.unitAt(pdu, 0)).toEqual({ bytes: 160, pduAt: 0 });
  expect(route.unitAt(pdu.subarray(0, 159), 0)).toBeUndefined();
  const heartbeat = Buffer.from('00000010000100000007070100000000', 'hex');
  expect(route.unitAt(heartbeat, 0)).toEqual({ bytes: 16, pduAt: undefined });
});
