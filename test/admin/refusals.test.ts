import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RouteNode, startRouteNode } from '../harness/index.ts';
import { type RawRequest, rawRequest } from './raw-request.ts';

const TOKEN = 'the-token-of-this-test';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const CHANGES = ['/api/v1/drain', '/api/v1/links/any.1/close', '/api/v1/rebalance'] as const;

const stack = new AsyncDisposableStack();
let node: RouteNode;
let open: RouteNode;

beforeAll(async () => {
  node = stack.use(await startRouteNode({ env: { ROUTE_ADMIN_TOKEN: TOKEN } }));
  open = stack.use(await startRouteNode());
});
afterAll(() => stack.disposeAsync());

async function refusal(request: RawRequest, of = node): Promise<unknown> {
  const { status, headers, body } = await rawRequest(of.adminUrl, request);
  expect(headers['content-type']).toBe('application/json');
  const { code, error }: { code: unknown; error: unknown } = JSON.parse(body);
  return { status, code, error };
}

describe.each(CHANGES)('POST %s', (path) => {
  test('is refused without a token, with the reason', async () => {
    expect(await refusal({ method: 'POST', path })).toEqual({
      status: 401,
      code: 'token-missing',
      error: 'Authorization is missing: expected Bearer and the token',
    });
  });

  test.each(['Bearer of-another-node', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(0, -1)}`])(
    'is refused with a wrong token (%s), which the answer does not repeat',
    async (authorization) => {
      const answer = await refusal({ method: 'POST', path, headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, code: 'token-wrong' });
      expect(JSON.stringify(answer)).not.toContain(authorization.slice(7));
    },
  );

  test('is refused with another kind of authorization', async () => {
    const headers = { authorization: `Basic ${TOKEN}` };
    expect(await refusal({ method: 'POST', path, headers })).toMatchObject({
      status: 401,
      error: 'Authorization is of another kind: expected Bearer and the token',
    });
  });

  test('is refused where no token is configured, with the setting to use', async () => {
    expect(await refusal({ method: 'POST', path, headers: BEARER }, open)).toMatchObject({
      status: 403,
      code: 'token-not-configured',
      error: expect.stringContaining('ROUTE_ADMIN_TOKEN_FILE'),
    });
  });

  test.each(['evil.example', 'evil.example:9200', '127.0.0.1.evil.example'])(
    'is refused under the host name %j, though the token is right',
    async (host) => {
      const answer = await refusal({ method: 'POST', path, headers: { ...BEARER, host } });
      expect(answer).toMatchObject({ status: 403, code: 'host-refused' });
    },
  );

  test('is refused with a body, and with one that is too long', async () => {
    const post = { method: 'POST', path, headers: BEARER };
    expect(await refusal({ ...post, body: '{"force":true}' })).toMatchObject({ status: 400 });
    expect(await refusal({ ...post, body: ' '.repeat(5_000_000) })).toMatchObject({
      status: 413,
      code: 'body-too-large',
    });
  });

  test('is refused by another method, with the allowed one', async () => {
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      expect(await refusal({ method, path, headers: BEARER })).toMatchObject({
        status: 405,
        error: `method is ${method}: expected POST`,
      });
    }
  });
});

test.each(['/api/v1/node', '/api/v1/events/stream', '/api/v1/watch', '/', '/assets/any.js'])(
  'GET %s is refused under a host name that is not the node’s, and to a page of another site',
  async (path) => {
    const rebound = { path, headers: { ...BEARER, host: 'evil.example' } };
    expect(await refusal(rebound)).toMatchObject({ status: 403, code: 'host-refused' });
    const elsewhere = { path, headers: { ...BEARER, 'sec-fetch-site': 'same-site' } };
    expect(await refusal(elsewhere)).toMatchObject({ status: 403, code: 'site-refused' });
  },
);

test.each(['/healthz', '/readyz', '/metrics'])(
  'GET %s is answered under any host name',
  async (path) => {
    const headers = { host: 'evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await rawRequest(node.adminUrl, { path, headers })).status).toBe(200);
  },
);

test('monitoring needs the token where one is set, and is open otherwise', async () => {
  const path = '/api/v1/watch?rate=0';
  expect(await refusal({ path: '/api/v1/watch' })).toMatchObject({ code: 'token-missing' });
  expect(await refusal({ path, headers: BEARER })).toMatchObject({ code: 'bad-request' });
  expect(await refusal({ path }, open)).toMatchObject({ code: 'bad-request' });
});

test.each(['localhost:1', '[::1]:9200', 'console.localhost', 'named.example'])(
  'under the host name %s state may be changed',
  async (host) => {
    await using named = await startRouteNode({
      env: { ROUTE_ADMIN_TOKEN: TOKEN, ROUTE_ADMIN_HOSTS: 'other.example, named.example' },
    });
    const path = '/api/v1/links/none/close';
    const answer = await refusal({ method: 'POST', path, headers: { ...BEARER, host } }, named);
    expect(answer).toMatchObject({ status: 404, code: 'not-found' });
  },
);

test.each([
  ['/api/v1/users/', 'path is /api/v1/users/'],
  ['/api/v1/users/x,1', 'ids are "x": expected 1 to 100 integers'],
  ['/api/v1/users/4294967296', 'ids are "4294967296"'],
  [`/api/v1/users/${Array.from({ length: 101 }, (_, i) => i).join(',')}`, 'expected 1 to 100'],
  ['/api/v1/users/%zz', 'expected valid percent-encoding'],
  ['/api/v1/events?after=-1', 'after is "-1": expected a whole number from 0'],
  ['/api/v1/events?limit=2001&since=3', 'since is unknown here'],
  ['/api/v1/watch?command=msg_data,shout', 'command is "msg_data,shout": expected one or several'],
  ['/api/v1/watch?decode=yes', 'decode is "yes": expected 0 or 1'],
  ['/api/v1/watch?rate=0', 'rate is "0": expected a whole number from 1 to 1000'],
  ['/api/v2/node', 'path is /api/v2/node: expected one of /healthz'],
])('refuses GET %s and names the error', async (path, problem) => {
  const answer = await refusal({ path });
  expect(answer).toMatchObject({ error: expect.stringContaining(problem) });
  expect(answer).toMatchObject({ status: expect.toSatisfy((s) => s === 400 || s === 404) });
});

test('no answer lets a page of another site read it', async () => {
  const headers = { origin: 'http://evil.example' };
  for (const path of ['/api/v1/node', '/api/v1/users/1', '/metrics']) {
    const answer = await rawRequest(node.adminUrl, { path, headers });
    expect(answer.status).toBe(200);
    const cors = Object.keys(answer.headers).filter((name) => name.startsWith('access-control'));
    expect(cors).toEqual([]);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  }
});

test('no answer and no log line contains a secret', async () => {
  const { body } = await rawRequest(node.adminUrl, { path: '/api/v1/node' });
  const events = await rawRequest(node.adminUrl, { path: '/api/v1/events' });
  for (const text of [body, events.body, JSON.stringify(node.logs)]) {
    expect(text).not.toContain(TOKEN);
  }
  const { settings } = JSON.parse(body);
  expect(settings).toMatchObject({ ROUTE_ADMIN_TOKEN: '(not shown)', REDIS_URL: '(not shown)' });
});
