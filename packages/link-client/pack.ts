import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
const run = promisify(execFile);

/** A package as it is published. */
interface Published {
  readonly folder: string;
  /** Where its JavaScript lies in it. */
  readonly sources: string;
  /** Other files and folders of the package. */
  readonly extra: readonly (readonly [from: string, to: string])[];
}

const PUBLISHED: readonly Published[] = [
  // Its sources find proto/ three folders up, in the package as in the repository.
  { folder: 'protocol', sources: 'packages/protocol/src', extra: [['proto', 'proto']] },
  {
    folder: 'link-client',
    sources: 'src',
    extra: [
      ['packages/link-client/README.md', 'README.md'],
      ['examples/msg-server/server.ts', 'example/server.ts'],
    ],
  },
];

/** Compiles link-client with its imports, and lays each package out under `target`. */
async function pack(target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  const compiled = join(target, 'compiled');
  const project = join(REPOSITORY, 'packages/link-client/tsconfig.pack.json');
  await run(process.execPath, [TSC, '-p', project, '--outDir', compiled]);
  for (const { folder, sources, extra } of PUBLISHED) {
    const place = join(target, folder);
    await mkdir(place, { recursive: true });
    await cp(join(compiled, 'packages', folder, 'src'), join(place, sources), { recursive: true });
    // The licence's terms ask for a copy of it in each package.
    for (const [from, to] of [...extra, ['LICENSE', 'LICENSE'] as const]) {
      await cp(join(REPOSITORY, from), join(place, to), { recursive: true });
    }
    await writeFile(join(place, 'package.json'), await manifest(folder, sources));
  }
  await rm(compiled, { recursive: true });
}

/** The package's own manifest, with entry points for compiled files and exact versions for `*`. */
async function manifest(folder: string, sources: string): Promise<string> {
  const file = join(REPOSITORY, 'packages', folder, 'package.json');
  const {
    private: _,
    scripts: __,
    devDependencies: ___,
    ...kept
  } = JSON.parse(await readFile(file, 'utf8'));
  const dependencies = Object.fromEntries(
    Object.entries(kept.dependencies).map(([name, version]) => [
      name,
      version === '*' ? kept.version : version,
    ]),
  );
  const exports = { types: `./${sources}/index.d.ts`, default: `./${sources}/index.js` };
  const published = { ...kept, exports, engines: { node: '>=24' }, dependencies };
  return `${JSON.stringify(published, undefined, 2)}\n`;
}

const target = process.argv[2] ?? join(REPOSITORY, '.tmp/npm');
await pack(target);
process.stdout.write(`Ready for npm publish: ${join(target, '*')}\n`);
