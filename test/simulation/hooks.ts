import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const SOCKETS = new URL('./world/sockets.ts', import.meta.url).href;
/** The only file that creates the server for links. */
const LINK_SERVER = /\/services\/route-node\/src\/link\/link-server\.ts$/;
/** Its modules that are replaced. */
const REPLACED = new Set(['node:net', '../process/descriptors.ts']);
/** Root of the sources under test; mutants name files relative to it. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fault that is planted in a file when it is loaded. */
export interface Planted {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/**
 * Replaces the modules with which nodes accept connections by simulated sockets, and plants faults.
 * Must be called before any code of the project is imported.
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
