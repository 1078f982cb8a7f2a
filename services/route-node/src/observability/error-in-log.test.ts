import { expect, test } from 'vitest';
import { errorInLog } from './log.ts';

test('logs an error’s kind, message, code, stack and cause', () => {
  const cause = Object.assign(new RangeError('too far'), { code: 'ERR_FAR' });
  expect(errorInLog(new TypeError('no', { cause }))).toMatchObject({
    type: 'TypeError',
    message: 'no',
    stack: expect.stringContaining('error-in-log.test.ts'),
    cause: { type: 'RangeError', message: 'too far', code: 'ERR_FAR' },
  });
});

test('omits other fields of an error: a Redis command contains passwords', () => {
  const command = { name: 'auth', args: ['route', 'secret-of-redis'] };
  const error = Object.assign(new Error('WRONGPASS invalid'), {
    command,
    input: 'secret-of-redis',
  });
  const told = JSON.stringify(errorInLog(new Error('failed', { cause: error })));
  expect(told).toContain('WRONGPASS');
  expect(told).not.toContain('secret-of-redis');
});

test('logs a thrown value that is no error as text', () => {
  expect(errorInLog('no')).toEqual({ type: 'string', message: 'no' });
  expect(errorInLog(undefined)).toEqual({ type: 'undefined', message: 'undefined' });
});

test('logs an error that is its own cause', () => {
  const error = new Error('round');
  error.cause = error;
  expect(JSON.stringify(errorInLog(error))).toContain('round');
});
