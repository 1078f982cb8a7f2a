import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Figures } from './figures.ts';
import { JsonView } from './json-view.ts';
import { LineView } from './line-view.ts';
import { TerminalView } from './terminal-view.ts';
import type { CheckLine, Picture } from './view.ts';

const GOOD: CheckLine = { name: 'nothing lost', holds: true, detail: '1,234 deliveries, 0 lost' };
const BAD: CheckLine = { name: 'nothing doubled', holds: false, detail: '2 arrived twice' };

function pictureOf(checks: readonly CheckLine[], seconds = 65): Picture {
  const { counts, rates } = new Figures();
  const latency = { p50: 0.42, p99: 12.34, most: 1234.5 };
  return {
    elapsedSeconds: seconds,
    delivery: 'directed',
    nodes: [
      { address: '127.0.0.1:8200', links: 2, pid: 77, state: 'linked' },
      { address: '127.0.0.1:8201', links: 1, pid: 78, state: 'linked' },
      { address: '127.0.0.1:8202', links: 0, pid: undefined, state: 'ended' },
    ],
    servers: { linked: 3, all: 4 },
    users: { online: 30, all: 40, clients: 35 },
    rates: { ...rates, sent: 100, received: 300 },
    counts: { ...counts, sent: 4321 },
    recent: { relay: latency, query: undefined },
    overall: { relay: latency, query: undefined },
    checks,
    cutOff: 7,
    events: [{ atSeconds: 61, text: '127.0.0.1:8202: 1 link lost (broken)' }],
  };
}

/** A terminal of this size, and its output. */
function makeScreen(columns = 100, rows = 50) {
  const written: string[] = [];
  const write = (text: string): void => {
    written.push(text);
  };
  const view = new TerminalView({ write, size: () => ({ columns, rows }) }, 5);
  return { view, written, lines: () => stripVTControlCharacters(written.at(-1) ?? '').split('\n') };
}

describe('the picture on a terminal', () => {
  it('shows nodes, traffic, checks and events', () => {
    const { view, lines } = makeScreen();
    view.show(pictureOf([GOOD, BAD]));
    const text = lines().join('\n');
    expect(text).toContain('127.0.0.1:8202');
    expect(text).toContain('ended');
    expect(text).toContain('30 of 40 users online with 35 clients, on 3 of 4 msg_servers');
    expect(text).toContain('p50 0.42 ms   p99 12.3 ms');
    expect(text).toMatch(/ok {4}nothing lost/);
    expect(text).toMatch(/FAIL {2}nothing doubled +2 arrived twice/);
    expect(text).toContain('7 deliveries were lost with a link');
    expect(text).toContain('1:01  127.0.0.1:8202: 1 link lost (broken)');
    expect(text).toContain('kill -9 77');
  });

  it('fits into a small terminal', () => {
    const { view, lines } = makeScreen(40, 12);
    view.show(pictureOf([GOOD, BAD]));
    expect(lines().length).toBeLessThan(12);
    expect(Math.max(...lines().map(({ length }) => length))).toBeLessThanOrEqual(40);
  });

  it('restores the terminal and leaves the summary on it', () => {
    const { view, written } = makeScreen();
    view.show(pictureOf([GOOD]));
    view.finish(pictureOf([GOOD]));
    const [entered, , left, summary] = written;
    expect(entered).toBe('\u001b[?1049h\u001b[?25l');
    expect(left).toBe('\u001b[?25h\u001b[?1049l');
    expect(summary).toContain('All checks passed.');
  });
});

it('plain lines name failed checks, and the summary counts them', () => {
  let text = '';
  const view = new LineView((more) => {
    text += more;
  });
  view.show(pictureOf([GOOD, BAD]));
  expect(text).toContain('1:05  3/4 linked, 30 users online, 100 sent/s, 300 received/s');
  expect(text).toContain('FAILED: nothing doubled (2 arrived twice)');
  view.finish(pictureOf([GOOD, BAD]));
  expect(text).toContain('sent      4,321 PDUs');
  expect(text).toContain('1 of 2 checks FAILED.');
});

it('JSON lines are one object each', () => {
  const lines: string[] = [];
  const view = new JsonView((line) => lines.push(line));
  view.show(pictureOf([GOOD]));
  view.event({ atSeconds: 1, text: 'something' });
  view.finish(pictureOf([GOOD, BAD]));
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { kind: 'second', rates: { sent: 100 }, checks: [{ holds: true }] },
    { kind: 'event', text: 'something' },
    { kind: 'summary', ok: false, counts: { sent: 4321 } },
  ]);
});
