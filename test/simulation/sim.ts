// `npm run sim -- presence ...` simulates presence on Redis; `npm run sim -- ...` bus, delivery and
// links.
if (process.argv[2] === 'presence') {
  process.argv.splice(2, 1);
  await import('./presence/main.ts');
} else {
  await import('./main.ts');
}

export {};
