import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FUZZ_INPUTS_VARIABLE, FUZZ_SEED_VARIABLE } from './fuzz.ts';

const USAGE = `Usage: npm run fuzz -- [--inputs N] [--seed N] [FILE ...]

Runs the fuzz tests (*.fuzz.test.ts), each with N inputs.

  --inputs N  1000000 by default; npm test runs 20000
  --seed N    repeats the inputs of the run that printed this seed
  FILE        only tests whose path contains this
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) {
  process.stdout.write(USAGE);
  process.exit(0);
}
for (const name of ['inputs', 'seed'] as const) {
  const given = values[name];
  if (given === undefined || /^\d{1,10}$/.test(given)) continue;
  process.stderr.write(`--${name} is ${given}, expected a whole number\n${USAGE}`);
  process.exit(2);
}
const packageFile = fileURLToPath(import.meta.resolve('vitest/package.json'));
const program = join(dirname(packageFile), 'vitest.mjs');
const filters = positionals.length > 0 ? positionals : ['.fuzz.test.ts'];
const args = ['run', '--project', 'unit', '--testTimeout', '0', ...filters];
const vitest = spawn(process.execPath, [program, ...args], {
  stdio: 'inherit',
  env: {
    ...process.env,
    [FUZZ_INPUTS_VARIABLE]: values.inputs,
    ...(values.seed !== undefined && { [FUZZ_SEED_VARIABLE]: values.seed }),
  },
});
const [status]: unknown[] = await once(vitest, 'exit');
process.exit(typeof status === 'number' ? status : 1);
