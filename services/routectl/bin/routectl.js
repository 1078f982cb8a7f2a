#!/usr/bin/env node
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `routectl needs Node 24 or newer, this is ${process.versions.node}. ` +
      'Run it as "npx routectl": npx takes the Node that npm ci has put into node_modules.\n',
  );
  process.exit(1);
}
await import('../src/main.ts');
