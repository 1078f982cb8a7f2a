export { FUZZ_INPUTS_VARIABLE, FUZZ_SEED_VARIABLE, fuzz, fuzzTimeoutMs } from './fuzz.ts';
export { mutate, mutateText } from './mutate.ts';
export { Random } from './random.ts';
