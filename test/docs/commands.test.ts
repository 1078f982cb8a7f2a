import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readFromRoot } from '@route/fixtures';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { markdownFiles } from './markdown.ts';

const NPM_RUN = /\bnpm run ([^`\n|&;)]*)/g;
const NPM_SHORT = /\bnpm (start|test)\b/g;
const NPX = /\bnpx (?:--[a-z-]+ )*([\w@][\w@./-]*)/g;
const ROUTECTL = /(?:^|[`$(] ?|npx )routectl ([^\n`]*)/gm;
const PROJECT = /--project[ =]([a-z0-9-]+)/g;

const manifestSchema = z.object({
  name: z.string(),
  scripts: z.record(z.string(), z.string()).default({}),
});

interface Known {
  /** The scripts of each workspace by its name; those of the root by ''. */
  readonly scripts: ReadonlyMap<string, ReadonlySet<string>>;
  readonly routectl: ReadonlySet<string>;
  readonly projects: ReadonlySet<string>;
}

function readKnown(): Known {
  const files = globSync('{packages/*,services/*,examples,test}/package.json', { cwd: ROOT });
  const scripts = ['package.json', ...files].map((file) => {
    const manifest = manifestSchema.parse(JSON.parse(readFromRoot(file)));
    const name = file === 'package.json' ? '' : manifest.name;
    return [name, new Set(Object.keys(manifest.scripts))] as const;
  });
  const bin = join(ROOT, 'services/routectl/bin/routectl.js');
  const help = execFileSync(process.execPath, [bin, '--help'], { encoding: 'utf8' });
  const [, commands = ''] = /^Commands:\n([\s\S]*?)\n\n/m.exec(help) ?? [];
  const names = Array.from(commands.matchAll(/^ {2}([a-z-]+)/gm), ([, name = '']) => name);
  const projects = readFromRoot('vitest.config.ts').matchAll(/^\s+name: '([a-z0-9-]+)'/gm);
  return {
    scripts: new Map(scripts),
    routectl: new Set(names),
    projects: new Set(Array.from(projects, ([, name = '']) => name)),
  };
}

/** Reads the script and the workspace from the arguments of `npm run`. */
function npmRunOf(rest: string): { readonly script: string | undefined; readonly where: string } {
  const workspace = /(?:^| )(?:-w|--workspace)[ =](\S+)/.exec(rest);
  const words = rest.replace(workspace?.[0] ?? '', '').split(' ');
  const script = words.find((word) => word !== '' && !word.startsWith('-'));
  return { script, where: workspace?.[1] ?? '' };
}

/** The commands in a text that do not exist. */
function unknownIn(text: string, { scripts, routectl, projects }: Known): string[] {
  const unknown: string[] = [];
  const runs = Array.from(text.matchAll(NPM_RUN), ([, rest = '']) => npmRunOf(rest));
  for (const [, script] of text.matchAll(NPM_SHORT)) runs.push({ script, where: '' });
  for (const { script, where } of runs) {
    if (script === undefined || /^[A-Z]/.test(script)) continue;
    if (!scripts.get(where)?.has(script)) unknown.push(`npm run ${script} ${where}`.trim());
  }
  for (const [, name = ''] of text.matchAll(NPX)) {
    if (!existsSync(join(ROOT, 'node_modules/.bin', name))) unknown.push(`npx ${name}`);
  }
  for (const [, rest = ''] of text.matchAll(ROUTECTL)) {
    // Only the first word is certainly a command. A later one could be the value of an option.
    const [first = ''] = rest.split(' ');
    if (/^[a-z][a-z-]*$/.test(first) && !routectl.has(first)) unknown.push(`routectl ${first}`);
  }
  for (const [, name = ''] of text.matchAll(PROJECT)) {
    if (!projects.has(name)) unknown.push(`--project ${name}`);
  }
  return unknown;
}

test('every npm script, npx program and routectl command that the docs name exists', () => {
  const known = readKnown();
  const unknown = markdownFiles().flatMap((file) =>
    unknownIn(readFromRoot(file), known).map((command) => `${file}: ${command}`),
  );
  expect(unknown).toEqual([]);
});

test('scripts, programs and commands that do not exist are reported', () => {
  const known = readKnown();
  expect(known.routectl.size).toBeGreaterThan(8);
  expect(known.projects.size).toBeGreaterThan(3);
  const good = [
    '    npm start',
    'Run `npm run bench -- relay` or `npm run pack -w @route/link-client`, `npm run NAME`,',
    '`npm run --silent demo -- --duration 20 --json | tail -1`',
    '    npx routectl status   # all nodes',
    '`npx vitest run --project unit packages/bus`',
  ];
  expect(unknownIn(good.join('\n'), known)).toEqual([]);
  const bad = '`npm run nope` `npm run bench -w @route/bus` `npx no-such` `npx routectl fly`';
  expect(unknownIn(`${bad} npx vitest --project nope`, known)).toEqual([
    'npm run nope',
    'npm run bench @route/bus',
    'npx no-such',
    'routectl fly',
    '--project nope',
  ]);
});
