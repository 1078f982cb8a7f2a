import type { NodeState } from './cluster-state.ts';

/** How a node is, for a colour and for people. */
export type NodeMood = 'ready' | 'unready' | 'silent' | 'dead';

/** A node's state in a word and in a sentence. */
export function moodOf({ entry, view, problems }: NodeState): { mood: NodeMood; why: string } {
  if (!entry.alive) return { mood: 'dead', why: 'dead: its lease has ended' };
  const [problem] = Object.values(problems);
  if (problem !== undefined) return { mood: 'silent', why: `no answer: ${problem}` };
  if (view === undefined) return { mood: 'ready', why: 'not asked yet' };
  if (view.ready) return { mood: 'ready', why: 'ready' };
  return { mood: 'unready', why: view.reasons.map(({ reason }) => reason).join(', ') };
}
