import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLIENT_TYPE, USER_STATUS } from './message-fields.ts';
import {
  decodeOnlineUserInfo,
  decodeRoleSet,
  decodeUserStatusUpdate,
  decodeUsersStatusRequest,
  encodeLoginStatusNotify,
  encodeStatusNotify,
  encodeUsersStatusResponse,
  HEARTBEAT_PDU,
  type UsersStatusRequest,
} from './presence-messages.ts';

/** A PDU of no particular command around a body given in hex, spaces allowed. */
function pduAround(bodyHex: string, seqNum = 0): Buffer {
  const pdu = Buffer.concat([Buffer.alloc(16), Buffer.from(bodyHex.replaceAll(' ', ''), 'hex')]);
  pdu.writeUInt32BE(pdu.length, 0);
  pdu.writeUInt16BE(seqNum, 12);
  return pdu;
}

const update = (bodyHex: string) => decodeUserStatusUpdate(pduAround(bodyHex));
const snapshot = (bodyHex: string) => decodeOnlineUserInfo(pduAround(bodyHex));
function request(bodyHex: string): UsersStatusRequest | undefined {
  const read = decodeUsersStatusRequest(pduAround(bodyHex), 1000);
  if (read === 'too-many') throw new Error('fewer than 1000 are not too many');
  return read;
}

const USER_5_ONLINE_ON_WINDOWS = { userId: 5, status: 1, clientType: 1 };

describe('a body that is read', () => {
  it('is dropped when a required field is missing', () => {
    expect(update('08 01 10 05')).toBeUndefined();
    expect(update('')).toBeUndefined();
    expect(decodeRoleSet(pduAround(''))).toBeUndefined();
    expect(request('10 05')).toBeUndefined();
    expect(snapshot('0a 04 08 05 10 01')).toBeUndefined();
  });

  it('is dropped when a required field has the wrong wire type', () => {
    expect(update('08 01 12 01 05 18 01')).toBeUndefined();
  });

  it('is dropped when a required enum has an unknown value', () => {
    expect(update('08 01 10 05 18 03')).toBeUndefined();
    expect(snapshot('0a 06 08 05 10 04 18 01')).toBeUndefined();
    expect(snapshot('0a 06 08 05 10 01 18 00')).toBeUndefined();
  });

  it('keeps a good enum value before or after an unknown one', () => {
    expect(update('08 01 10 05 18 01 18 03')).toEqual(USER_5_ONLINE_ON_WINDOWS);
    expect(update('08 01 10 05 18 03 18 01')).toEqual(USER_5_ONLINE_ON_WINDOWS);
  });

  it('is dropped when it is cut short, at any offset', () => {
    const whole = '0a 06 08 05 10 01 18 01 0a 07 08 80 01 10 02 18 11'.replaceAll(' ', '');
    expect(snapshot(whole)).toHaveLength(2);
    for (let bytes = 1; bytes < whole.length / 2; bytes++) {
      const cut = snapshot(whole.slice(0, 2 * bytes));
      expect(cut, `${bytes} bytes`).toEqual(bytes === 8 ? [USER_5_ONLINE_ON_WINDOWS] : undefined);
    }
  });

  it('is dropped as a whole when one entry of its list is bad', () => {
    expect(snapshot('0a 06 08 05 10 01 18 01 0a 06 08 06 10 01 18 09')).toBeUndefined();
    expect(snapshot('0a 04 08 06 10 01 0a 06 08 05 10 01 18 01')).toBeUndefined();
  });

  it('may carry unknown fields of every wire type', () => {
    const unknown = '38 07 41 0102030405060708 4a 02 0102 55 01020304 5b 60 01 5c';
    expect(update(`${unknown} 08 01 10 05 18 01`)).toEqual(USER_5_ONLINE_ON_WINDOWS);
    expect(update(`08 01 10 05 18 01 ${unknown}`)).toEqual(USER_5_ONLINE_ON_WINDOWS);
    expect(update('08 01 10 05 18 01 5b 60 01')).toBeUndefined();
    expect(update('08 01 10 05 18 01 5c')).toBeUndefined();
    expect(update('08 01 10 05 18 01 5f')).toBeUndefined();
    expect(update('08 01 10 05 18 01 00 00')).toBeUndefined();
  });

  it('may have its fields in any order', () => {
    expect(update('18 01 10 05 08 01')).toEqual(USER_5_ONLINE_ON_WINDOWS);
  });

  it('counts the last of repeated singular fields', () => {
    expect(update('08 02 10 09 18 02 08 01 10 05 18 01')).toEqual(USER_5_ONLINE_ON_WINDOWS);
    expect(update('08 01 10 05 18 01 08 07')).toBeUndefined();
    expect(request('08 05 a2 01 01 61 a2 01 01 62')?.attachData.toString()).toBe('b');
  });

  it('may have its lists packed, unpacked or both', () => {
    expect(request('08 05 12 03 01 96 01 10 02 12 00')?.userIds).toEqual([1, 150, 2]);
    expect(request('08 05 12 03 01 96')).toBeUndefined();
    expect(request('08 05 12 02 01 96 01')).toBeUndefined();
  });

  it('may have varints of up to 10 bytes, of which the low 32 bits count', () => {
    expect(update('08 81 00 10 85 80 80 80 80 80 80 80 80 00 18 81 80 80 80 00')).toEqual(
      USER_5_ONLINE_ON_WINDOWS,
    );
    expect(update('08 81 80 80 80 10 10 85 80 80 80 f0 ff ff ff ff 01 18 01')).toEqual(
      USER_5_ONLINE_ON_WINDOWS,
    );
    expect(update('08 01 10 ff ff ff ff 0f 18 01')?.userId).toBe(4_294_967_295);
    expect(update('08 01 10 85 80 80 80 80 80 80 80 80 80 00 18 01')).toBeUndefined();
  });

  it('may have tags and lengths that are longer than needed', () => {
    expect(update('88 80 80 80 80 80 80 80 80 00 01 10 05 18 01')).toEqual(
      USER_5_ONLINE_ON_WINDOWS,
    );
    expect(snapshot('8a 00 86 80 80 80 80 80 00 08 05 10 01 18 01')).toEqual([
      USER_5_ONLINE_ON_WINDOWS,
    ]);
    expect(snapshot('0a ff ff ff ff 0f 08 05 10 01 18 01')).toBeUndefined();
    expect(request('08 05 12 ff ff ff ff 0f 01')).toBeUndefined();
    expect(request('08 05 a2 01 ff ff ff ff 0f 01')).toBeUndefined();
    expect(update('08 01 10 05 18 01 4a ff ff ff ff 0f')).toBeUndefined();
  });

  it('is dropped when a status update reports a status that is not 1, 2 or 3', () => {
    for (const status of ['00', '04', 'ff ff ff ff 0f']) {
      expect(update(`08 ${status} 10 05 18 01`)).toBeUndefined();
    }
  });

  it('never makes a decoder throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (body) => {
        const pdu = pduAround(Buffer.from(body).toString('hex'));
        decodeRoleSet(pdu);
        decodeOnlineUserInfo(pdu);
        decodeUserStatusUpdate(pdu);
        decodeUsersStatusRequest(pdu, 1000);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('PDUs of a msg_server', () => {
  it('is master for any role but 0', () => {
    expect(decodeRoleSet(pduAround('08 00'))).toEqual({ master: false });
    expect(decodeRoleSet(pduAround('08 01'))).toEqual({ master: true });
    expect(decodeRoleSet(pduAround('08 07'))).toEqual({ master: true });
  });

  it('is a snapshot with one entry a client connection, repeats and none included', () => {
    expect(snapshot('')).toEqual([]);
    expect(snapshot('0a 06 08 05 10 01 18 01 0a 06 08 05 10 03 18 12')).toEqual([
      USER_5_ONLINE_ON_WINDOWS,
      { userId: 5, status: USER_STATUS.leave, clientType: CLIENT_TYPE.android },
    ]);
  });

  it('is a request with empty attach_data when it had none', () => {
    const pdu = pduAround('08 05', 0xfffe);
    expect(decodeUsersStatusRequest(pdu, 1000)).toEqual({
      userId: 5,
      userIds: [],
      attachData: Buffer.alloc(0),
      seqNum: 0xfffe,
    });
  });
});

describe('PDUs of a route server', () => {
  it('is a heartbeat without a body', () => {
    expect(HEARTBEAT_PDU.toString('hex')).toBe('00000010000100000007070100000000');
  });

  it('has version 1, flag 0, reserved 0 and its fields in number order', () => {
    expect(encodeLoginStatusNotify(4301, false).toString('hex')).toBe(
      '00000015000100000007070e0000000008cd211000',
    );
    expect(encodeStatusNotify(4_294_967_295, USER_STATUS.leave).toString('hex')).toBe(
      '0000001a0001000000020203000000000a0808ffffffff0f1003',
    );
  });

  it('is a response that always carries attach_data, and the request’s sequence number', () => {
    const nothing = { userId: 1, stats: [], attachData: Buffer.alloc(0), seqNum: 0x0102 };
    expect(encodeUsersStatusResponse(nothing).toString('hex')).toBe(
      '00000015000100000002020b010200000801a20100',
    );
    const stats = [
      { userId: 7, status: USER_STATUS.online },
      { userId: 7, status: USER_STATUS.online },
    ];
    const some = { userId: 1, stats, attachData: Buffer.from('ab'), seqNum: 0 };
    expect(encodeUsersStatusResponse(some).subarray(16).toString('hex')).toBe(
      '0801120408071001120408071001a201026162',
    );
  });
});
