import { expect, test } from 'vitest';
import { Echo } from './echo.ts';

test('each announcement is timed from its own sending, also when several are under way', () => {
  const echo = new Echo();
  expect(echo.lastMs).toBeUndefined();
  echo.sent(100);
  echo.sent(150);
  echo.heard(160);
  expect(echo.lastMs).toBe(60);
  echo.heard(165);
  expect(echo.lastMs).toBe(15);
});

test('what was sent on a connection that is gone is not taken for what is sent on the next', () => {
  const echo = new Echo();
  echo.sent(100);
  echo.reset();
  echo.sent(1000);
  echo.heard(1004);
  expect(echo.lastMs).toBe(4);
});

test('announcements that never come back do not pile up', () => {
  const echo = new Echo();
  for (let n = 0; n < 257; n++) echo.sent(n);
  echo.heard(300);
  expect(echo.lastMs).toBe(300 - 256);
});

test('what could not be sent is not waited for', () => {
  const echo = new Echo();
  echo.sent(100);
  echo.notSent();
  echo.sent(200);
  echo.heard(203);
  expect(echo.lastMs).toBe(3);
});
