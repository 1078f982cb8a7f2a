import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { installHooks, type Planted } from '../hooks.ts';

/**
 * Fewer shards than in a real cluster: a node's repeated work in every shard, with nothing to do,
 * would take nearly all of a run.
 */
export const FEWER_SHARDS: readonly Planted[] = [
  { file: 'packages/redis/src/shards.ts', find: 'SHARD_COUNT = 64', put: 'SHARD_COUNT = 4' },
  { file: 'packages/redis/src/shards.ts', find: '>>> 26', put: '>>> 30' },
];

/** Loads TypeScript and Lua sources with changes. Must be called before any of them is imported. */
export function changeSources(changes: readonly Planted[]): void {
  const isLua = ({ file }: Planted): boolean => file.endsWith('.lua');
  installHooks(changes.filter((change) => !isLua(change)));
  const { readFileSync } = fs;
  const reading = (...args: Parameters<typeof readFileSync>): string | Buffer => {
    const content = readFileSync(...args);
    const [path] = args;
    if (typeof content !== 'string' || !(path instanceof URL)) return content;
    let text = content;
    for (const { file, find, put } of changes.filter(isLua)) {
      if (!path.pathname.endsWith(`/${file}`)) continue;
      if (!text.includes(find)) throw new Error(`${file} has no ${JSON.stringify(find)}`);
      text = text.replace(find, () => put);
    }
    return text;
  };
  Object.assign(fs, { readFileSync: reading });
  syncBuiltinESMExports();
}
