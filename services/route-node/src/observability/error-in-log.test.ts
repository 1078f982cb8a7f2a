import { expect, test } from 'vitest';
import { errorInLog } from './error-in-log.ts';

test('an error is told of by its kind, message, code, stack and cause', () => {
  const cause = Object.assign(new RangeError('too far'), { code: 'ERR_FAR' });
  expect(errorInLog(new TypeError('no', { cause }))).toMatchObject({
    type: 'TypeError',
    message: 'no',
    stack: expect.stringContaining('error-in-log.test.ts'),
    cause: { type: 'RangeError', message: 'too far', code: 'ERR_FAR' },
  });
});

test('what else hangs on an error is not told: a Redis command has passwords in it', () => {
  const command = { name: 'auth', args: ['route', 'secret-of-redis'] };
  const error = Object.assign(new Error('WRONGPASS invalid'), {
    command,
    input: 'secret-of-redis',
  });
  const told = JSON.stringify(errorInLog(new Error('failed', { cause: error })));
  expect(told).toContain('WRONGPASS');
  expect(told).not.toContain('secret-of-redis');
});

test('what is thrown and is no error is told of as text', () => {
  expect(errorInLog('no')).toEqual({ type: 'string', message: 'no' });
  expect(errorInLog(undefined)).toEqual({ type: 'undefined', message: 'undefined' });
});

test('an error that is its own cause is told of all the same', () => {
  const error = new Error('round');
  error.cause = error;
  expect(JSON.stringify(errorInLog(error))).toContain('round');
});
