import { fileURLToPath } from 'node:url';
import type { Subject } from './subject.ts';
import { startSubjectProcess } from './subject-process.ts';

const PROGRAM = fileURLToPath(new URL('../peers/bare-relay.ts', import.meta.url));

/** The probe that shows what relaying alone costs on Node. */
export const bareRelay: Subject = {
  name: 'bare relay',
  dialect: 'route',
  start: async () => {
    const process_ = await startSubjectProcess(
      { command: process.execPath, args: [PROGRAM] },
      /^\d+\n?$/,
    );
    return {
      targets: [{ host: '127.0.0.1', port: Number(process_.told) }],
      pids: [process_.pid],
      [Symbol.asyncDispose]: () => process_[Symbol.asyncDispose](),
    };
  },
};
