import { useEffect, useRef, useState } from 'preact/hooks';
import type { ClusterState } from './cluster-state.ts';
import { moodOf, type NodeMood, shortId, some } from './words.ts';

/** Interval of announcements. */
const QUIET_MS = 10_000;

const STATE_TEXTS: Readonly<Record<NodeMood, string>> = {
  ready: 'is ready',
  unready: 'is not ready',
  silent: 'does not answer',
  dead: 'is dead',
};

/** Announces changes of nodes and new warnings to screen readers; the list has the events. */
export function Announcer({ state }: { readonly state: ClusterState }) {
  const [text, setText] = useState('');
  const latest = useRef(state);
  latest.current = state;
  const before = useRef(wordsOf(state));
  // What is there at first is no change.
  if (before.current.nodes.length === 0) before.current = wordsOf(state);
  useEffect(() => {
    const timer = window.setInterval(() => {
      const [then, now] = [before.current, wordsOf(latest.current)];
      const warnings = now.warnings - then.warnings;
      const changes = [
        ...now.nodes.filter((each) => !then.nodes.includes(each)),
        ...(warnings > 0 ? [some(warnings, 'warning')] : []),
      ];
      if (changes.length > 0) setText(changes.join(', '));
      before.current = now;
    }, QUIET_MS);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <p class="visually-hidden" role="status">
      {text}
    </p>
  );
}

function wordsOf({ nodes, events }: ClusterState) {
  return {
    nodes: nodes.map(
      (node) => `node ${shortId(node.entry.node)} ${STATE_TEXTS[moodOf(node).mood]}`,
    ),
    warnings: events.filter(({ level }) => level !== 'info').length,
  };
}
