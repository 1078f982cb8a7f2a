import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONSOLE_FOLDER } from './console-files.ts';

const PAGE = fileURLToPath(new URL('./page', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../package.json', import.meta.url));
/** The sources that the page in the folder was built from. */
const STAMP = '.built-from';

/** Builds the page unless the existing one has these very sources. */
async function main(): Promise<void> {
  const sources = digestOfSources();
  if (stampOf(CONSOLE_FOLDER) === sources) return;
  const vite = await loadVite();
  if (vite === undefined) {
    process.stderr.write(
      'The console is not built: vite, a development dependency, is not installed. Nodes run without it.\n',
    );
    return;
  }
  process.stdout.write('Building the console ...\n');
  // Replaced atomically: a node started in between serves the old page or the new one.
  const fresh = `${CONSOLE_FOLDER}.${process.pid}`;
  await vite.build({
    root: PAGE,
    configFile: false,
    logLevel: 'warn',
    // The policy that the page is served with allows neither inline scripts nor data: addresses.
    build: { outDir: fresh, emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022' },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  });
  writeFileSync(join(fresh, STAMP), sources);
  rmSync(CONSOLE_FOLDER, { recursive: true, force: true });
  try {
    renameSync(fresh, CONSOLE_FOLDER);
  } catch (error) {
    // Another build of the same sources may have been quicker.
    if (stampOf(CONSOLE_FOLDER) !== sources) throw error;
    rmSync(fresh, { recursive: true });
  }
}

function digestOfSources(): string {
  const hash = createHash('sha256').update(readFileSync(PACKAGE));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  const files = readdirSync(PAGE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) hash.update(file.slice(PAGE.length)).update(readFileSync(file));
  return hash.digest('hex');
}

function stampOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, STAMP), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function loadVite(): Promise<typeof import('vite') | undefined> {
  try {
    return await import('vite');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

await main();
