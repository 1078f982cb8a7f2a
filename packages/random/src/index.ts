export { fuzz, fuzzTimeoutMs } from './fuzz.ts';
export { mutate, mutateText } from './mutate.ts';
export { Random } from './random.ts';
