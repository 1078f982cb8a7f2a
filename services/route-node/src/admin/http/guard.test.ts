import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { Guard } from './guard.ts';

const guard = new Guard({ token: () => '', hosts: ['', 'node.example', '.svc.cluster.local'] });

test.each([
  '127.0.0.1:9200',
  '10.0.0.5',
  '[::1]:9200',
  'localhost:1',
  'LOCALHOST.',
  'console.localhost',
  hostname(),
  'node.example:9200',
  'route-node-admin.chat.svc.cluster.local',
])('a request under the name %s is answered', (host) => {
  expect(() => guard.checkSource({ host }, '/api/v1/node')).not.toThrow();
});

test.each([
  '',
  'evil.example',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'evil-node.example',
  'svc.cluster.local.evil.example',
  'evilsvc.cluster.local',
])('a request under the name %j is refused', (host) => {
  const refusal = expect.objectContaining({ code: 'host-refused' });
  expect(() => guard.checkSource({ host }, '/api/v1/node')).toThrow(refusal);
});

test.each(['cross-site', 'same-site', ''])(
  'a request by a page of another origin (%j) is refused, but the console is shown',
  (site) => {
    const headers = { host: 'localhost', 'sec-fetch-site': site };
    const refusal = expect.objectContaining({ code: 'site-refused' });
    expect(() => guard.checkSource(headers, '/')).toThrow(refusal);
    const link = { ...headers, 'sec-fetch-mode': 'navigate' };
    expect(() => guard.checkSource(link, '/')).not.toThrow();
    expect(() => guard.checkSource(link, '/api/v1/node')).toThrow(refusal);
  },
);

test.each(['same-origin', 'none'])('a request of the console itself (%s) is answered', (site) => {
  const headers = { host: 'localhost', 'sec-fetch-site': site };
  expect(() => guard.checkSource(headers, '/api/v1/node')).not.toThrow();
});
