import { expect, test } from 'vitest';
import { ClusterClient } from './cluster-client.ts';

test('a command that is given up while its slot is being moved names that, although a MOVED came last', () => {
  const nodes = [{ host: '127.0.0.1', port: 1 }];
  const client = new ClusterClient(
    nodes,
    { lazyConnect: true, redisOptions: {} },
    { stuckMs: 1000, movingMs: 0 },
  );
  const given: string[] = [];
  const redirections = {
    tryagain: () => {},
    moved: () => {},
    maxRedirections: ({ message }: Error) => void given.push(message),
  };
  const left = { value: 2 };
  client.handleError(new Error('TRYAGAIN a reply'), left, redirections);
  expect(given).toEqual([]);
  client.handleError(new Error('MOVED 1 127.0.0.1:1'), left, redirections);
  expect(given).toEqual(['TRYAGAIN a reply']);
});
