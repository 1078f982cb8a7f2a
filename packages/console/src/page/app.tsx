import { render } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Announcer } from './announcer.tsx';
import { ClusterMap } from './cluster-map.tsx';
import { EMPTY_STATE } from './cluster-state.ts';
import { EventList } from './event-list.tsx';
import { LinkTable } from './link-table.tsx';
import { NodeTable } from './node-table.tsx';
import { Plots } from './plots.tsx';
import { PresenceTotals } from './presence-totals.tsx';
import { StatusLine } from './status-line.tsx';
import { UserLookup } from './user-lookup.tsx';
import { Watcher } from './watcher.ts';

const NO_LINKS: ReadonlySet<string> = new Set();

/** The whole page. */
function App() {
  const [state, setState] = useState(EMPTY_STATE);
  const [marked, setMarked] = useState(NO_LINKS);

  useEffect(() => {
    const watcher = new Watcher(setState);
    return () => watcher.stop();
  }, []);

  const links = useMemo(
    () =>
      state.nodes.flatMap(({ entry, links }) => links.map((link) => ({ ...link, at: entry.node }))),
    [state.nodes],
  );

  return (
    <>
      <a class="skip" href="#overview">
        Skip to the overview
      </a>
      <header>
        <h1>Route cluster</h1>
        <StatusLine state={state} />
      </header>
      <Announcer state={state} />
      <main id="overview" tabIndex={-1}>
        <ClusterMap nodes={state.nodes} marked={marked} />
        <div class="beside">
          <Plots samples={state.samples} />
          <PresenceTotals nodes={state.nodes} />
          <UserLookup links={links} mark={setMarked} />
        </div>
        <NodeTable nodes={state.nodes} self={state.self} />
        <EventList events={state.events} />
        <LinkTable links={links} marked={marked} />
      </main>
      <footer>
        Read-only. Counts are the nodes’ own; what it means is in docs/console.md and
        docs/admin-api.md.
      </footer>
    </>
  );
}

const place = document.getElementById('console');
if (place !== null) render(<App />, place);
