export { directed, directedPdus, recipientsOf } from './directed.ts';
export { LinkUsers } from './link-users.ts';
export { readable } from './readable.ts';
export { type Outcome, replay, type Stage } from './replay.ts';
export { Stillness } from './stillness.ts';
export { type Arrival, parseTrace, type Step, type Trace } from './trace.ts';
