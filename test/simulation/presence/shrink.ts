import type { Act, Episode, Plan } from './plan.ts';
import { run } from './run.ts';
import type { Check } from './watch.ts';

/** Real time that shrinking may take, in ms. */
const SHRINK_MS = 60_000;

/** Shortens a failing plan as far as possible while the same check fails. */
export function shrink(plan: Plan, check: Check): Plan {
  const endAt = performance.now() + SHRINK_MS;
  let best = plan;
  const fails = (candidate: Plan): boolean => {
    if (performance.now() > endAt) return false;
    const isSame = run(candidate).problems[0]?.check === check;
    if (isSame) best = candidate;
    return isSame;
  };
  for (let again = true; again; ) {
    again = false;
    for (let i = best.episodes.length - 1; i >= 0; i--) {
      if (best.episodes.length > 1) {
        again = fails({ ...best, episodes: best.episodes.toSpliced(i, 1) }) || again;
      }
    }
    for (let i = 0; i < best.episodes.length; i++) again = fewerActs(i) || again;
    for (const setup of smaller(best)) again = fails({ ...best, setup }) || again;
  }
  return best;

  /** Leaves out acts of an episode: first halves, then smaller parts. */
  function fewerActs(episode: number): boolean {
    let found = false;
    const acts = (): readonly Act[] => best.episodes[episode]?.acts ?? [];
    for (let part = Math.ceil(acts().length / 2); part >= 1; part = Math.floor(part / 2)) {
      for (let from = 0; from < acts().length; ) {
        const fewer = acts().toSpliced(from, part);
        if (fails(withActs(best, episode, fewer))) found = true;
        else from += part;
      }
    }
    return found;
  }
}

function withActs(plan: Plan, episode: number, acts: readonly Act[]): Plan {
  const episodes = plan.episodes.map(
    (each, i): Episode => (i === episode ? { ...each, acts } : each),
  );
  return { ...plan, episodes };
}

function smaller({ setup }: Plan): Plan['setup'][] {
  const setups: Plan['setup'][] = [];
  if (setup.nodes > 1) setups.push({ ...setup, nodes: setup.nodes - 1 });
  if (setup.servers > 1) setups.push({ ...setup, servers: setup.servers - 1 });
  if (setup.users > 1) setups.push({ ...setup, users: setup.users - 1 });
  return setups;
}
