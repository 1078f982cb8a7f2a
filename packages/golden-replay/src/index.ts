export { directed, directedPdus, recipientsOf } from './directed.ts';
export { LinkUsers } from './link-users.ts';
export { readable } from './readable.ts';
export { type Outcome, replay, type Stage } from './replay.ts';
export type { OpenLink, ReplayLink, ReplayTarget } from './replay-link.ts';
export { Stillness } from './stillness.ts';
export { type Arrival, parseTrace, type Step, type Trace } from './trace.ts';
export { openTraceLink } from './trace-link.ts';
