import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisClient } from './client.ts';
import { primariesOf } from './primaries.ts';

/** One Lua script, read from a file named `<name>.<number of keys>.lua`. */
export interface Script {
  readonly name: string;
  readonly keyCount: number;
  readonly source: string;
  readonly sha1: string;
}

/**
 * Reads a script from its file.
 * @throws Error when the file's name does not give the number of keys, or it cannot be read.
 */
export function readScript(file: URL): Script {
  const parts = /\/([a-z-]+)\.(\d+)\.lua$/.exec(file.pathname);
  if (parts?.[1] === undefined || parts[2] === undefined) {
    throw new Error(`script file is named ${file.pathname}, expected <name>.<number of keys>.lua`);
  }
  return scriptOf(parts[1], Number(parts[2]), readFileSync(file, 'utf8'));
}

/** The same script run with flags (`allow-oom`, ...), which its file does not set. */
export function withFlags({ name, keyCount, source }: Script, flags: string): Script {
  return scriptOf(name, keyCount, `#!lua flags=${flags}\n${source}`);
}

function scriptOf(name: string, keyCount: number, source: string): Script {
  const sha1 = createHash('sha1').update(source).digest('hex');
  return { name, keyCount, source, sha1 };
}

/** Loads scripts into the cache of every primary, so that {@link runScript} finds them by hash. */
export async function loadScripts(redis: RedisClient, scripts: Iterable<Script>): Promise<void> {
  for (const script of scripts) {
    await Promise.all(primariesOf(redis).map((server) => server.script('LOAD', script.source)));
  }
}

/**
 * Runs a script by its hash. A server that has forgotten it (SCRIPT FLUSH, a restart) receives the
 * full text; later calls may overtake such a call, so callers that need order wait for the reply.
 * @throws whatever the script raises, or the client's error when the outcome is unknown.
 */
export async function runScript(
  redis: RedisClient,
  script: Script,
  keysAndArgs: readonly (string | number | Buffer)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha1, script.keyCount, ...keysAndArgs);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return await redis.eval(script.source, script.keyCount, ...keysAndArgs);
  }
}
