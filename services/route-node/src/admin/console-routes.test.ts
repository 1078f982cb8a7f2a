import { expect, test } from 'vitest';
import { consoleRoutes } from './console-routes.ts';
import type { Answer } from './http/route.ts';

const page = {
  path: '/',
  contentType: 'text/html; charset=utf-8',
  etag: '"a"',
  immutable: false,
  body: Buffer.from('<p>page'),
};
const script = {
  path: '/assets/x-1.js',
  contentType: 'text/javascript; charset=utf-8',
  etag: '"b"',
  immutable: true,
  body: Buffer.from('1'),
};

async function ask(
  files: Parameters<typeof consoleRoutes>[0],
  path: string,
  { file = '', ...headers }: Record<string, string> = {},
): Promise<Extract<Answer, { kind: 'file' }>> {
  const route = consoleRoutes(files).find((one) => one.path === path);
  const answer = await route?.handle({ params: { file }, query: new URLSearchParams(), headers });
  if (answer?.kind !== 'file') throw new Error(`no file at ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

test('the page may load only from its own node, and runs no inline script', async () => {
  const { status, headers, body } = await ask([page, script], '/');
  expect(status).toBe(200);
  expect(String(body)).toBe('<p>page');
  const policy = headers['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain('unsafe');
  expect(policy).toContain("frame-ancestors 'none'");
  expect(headers).toMatchObject({ 'cache-control': 'no-cache', etag: '"a"' });
});

test('content-addressed files may be cached for good', async () => {
  const { headers } = await ask([page, script], '/assets/:file', { file: 'x-1.js' });
  expect(headers['cache-control']).toContain('immutable');
  expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
});

test.each(['"a"', 'W/"a"', '"other", "a"', '*'])(
  'a client with the current page does not receive it again: %s',
  async (tag) => {
    const answer = await ask([page], '/', { 'if-none-match': tag });
    expect(answer).toMatchObject({ status: 304, body: undefined, headers: { etag: '"a"' } });
  },
);

test('a client with another page receives this one', async () => {
  expect(await ask([page], '/', { 'if-none-match': '"old"' })).toMatchObject({ status: 200 });
});

test('a file that does not belong to the page is refused', async () => {
  const file = '../package.json';
  await expect(ask([page, script], '/assets/:file', { file })).rejects.toThrow('expected one of');
});

test('a node without a built console reports that, and how to build it', async () => {
  const { status, body } = await ask([], '/');
  expect(status).toBe(503);
  expect(String(body)).toContain('npm run build');
});
