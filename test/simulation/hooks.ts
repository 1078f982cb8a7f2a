import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const SOCKETS = new URL('./world/sockets.ts', import.meta.url).href;
/** The only file that makes a server for links. */
const LINK_SERVER = /\/services\/route-node\/src\/link\/link-server\.ts$/;
/** What it takes from the host. */
const REPLACED = new Set(['node:net', '../process/descriptors.ts']);
/** Sources under test, and the root that mutants name them from. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fault that is planted where a file is loaded. */
export interface Planted {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/**
 * Replaces what the nodes take connections in with by simulated sockets, and plants a fault where one is given. To be
 * called before anything of the project is imported.
 */
export function installHooks(planted: readonly Planted[] = []): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      if (REPLACED.has(specifier) && LINK_SERVER.test(context.parentURL ?? '')) {
        return { url: SOCKETS, shortCircuit: true };
      }
      return next(specifier, context);
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      const changes = planted.filter(({ file }) => url.endsWith(`/${file}`));
      if (changes.length === 0) return loaded;
      let source = readFileSync(fileURLToPath(url), 'utf8');
      for (const { file, find, put } of changes) {
        if (!source.includes(find)) throw new Error(`${file} has no ${JSON.stringify(find)}`);
        source = source.replace(find, () => put);
      }
      return { ...loaded, source };
    },
  });
}
