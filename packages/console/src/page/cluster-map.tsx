import type { LinkState, NodeState } from './cluster-state.ts';
import { type PlacedNode, placeNodes, radiusOf } from './map-layout.ts';
import { bytes, count, moodOf, shortId, some } from './words.ts';

/** Time that a dead node stays in the drawing; the table has it as long as the cluster knows it. */
const DEAD_SHOWN_MS = 60_000;

interface MapProps {
  readonly nodes: readonly NodeState[];
  /** Links to be seen at once. */
  readonly marked: ReadonlySet<string>;
}

/** The connections: the bus in the middle, nodes around it, each with its links behind it. */
export function ClusterMap({ nodes, marked }: MapProps) {
  const shown = nodes.filter(({ entry }) => (entry.leaseLeftMs ?? 0) > -DEAD_SHOWN_MS);
  const places = placeNodes(shown.map(({ links }) => links.length));
  const radius = radiusOf(places);
  const box = `${-radius} ${-radius} ${2 * radius} ${2 * radius}`;
  return (
    <section class="map" aria-labelledby="map-title">
      <h2 id="map-title">Nodes and links</h2>
      <svg viewBox={box} role="img" aria-label={describe(shown)}>
        {shown.map((node, at) => {
          const place = places[at];
          return place && <Spoke key={node.entry.node} node={node} place={place} />;
        })}
        <circle class="bus" r={34} />
        <text class="bus-name" y={5}>
          bus
        </text>
        {shown.map((node, at) => {
          const place = places[at];
          return (
            place && <MapNode key={node.entry.node} node={node} place={place} marked={marked} />
          );
        })}
      </svg>
      <ul class="legend" aria-hidden="true">
        <li class="is-master">master</li>
        <li class="is-slave">slave</li>
        <li class="is-none">no role declared</li>
        <li class="is-paused">not read</li>
        <li class="is-marked">looked up</li>
      </ul>
      <p class="hint">
        The same as tables: <a href="#nodes">nodes</a>, <a href="#links">links</a>.
      </p>
    </section>
  );
}

/** A node's way to the bus; the more passes, the thicker. */
function Spoke({ node, place }: { readonly node: NodeState; readonly place: PlacedNode }) {
  const { mood } = moodOf(node);
  const busBytes = node.rates?.busBytes ?? 0;
  const width = 1.5 + Math.min(6, Math.log2(1 + busBytes / 1024));
  const flows = busBytes > 0 ? 'flows' : '';
  const id = node.entry.node;
  return (
    <line
      class={`spoke ${mood} ${flows}`}
      x1={place.x}
      y1={place.y}
      x2={0}
      y2={0}
      stroke-width={width}
    >
      <title>{`${shortId(id)} sends ${bytes(busBytes)}/s over the bus`}</title>
    </line>
  );
}

interface MapNodeProps {
  readonly node: NodeState;
  readonly place: PlacedNode;
  readonly marked: ReadonlySet<string>;
}

function MapNode({ node, place, marked }: MapNodeProps) {
  const { mood, why } = moodOf(node);
  const { entry } = node;
  const drawn = node.links.flatMap((link, i) => {
    const at = place.links[i];
    return at === undefined ? [] : [{ link, at, kind: kindOf(link, marked) }];
  });
  const size = Math.max(2.2, place.spacing * 0.34);
  return (
    <g data-node={entry.node}>
      {drawn.map(({ link, at, kind }) => (
        <path key={link.link} class={`tie ${kind}`} d={`M${place.x} ${place.y}L${at.x} ${at.y}`} />
      ))}
      {drawn.map(({ link, at, kind }) => (
        <circle key={link.link} class={`link ${kind}`} cx={at.x} cy={at.y} r={size}>
          <title>{titleOf(link)}</title>
        </circle>
      ))}
      <circle class={`node ${mood}`} cx={place.x} cy={place.y} r={place.radius}>
        <title>{`${entry.node}: ${why}, ${some(node.links.length, 'link')}`}</title>
      </circle>
      <text class="node-name" x={place.x} y={place.y + 4} font-size={place.radius > 20 ? 13 : 10}>
        {shortId(entry.node)}
      </text>
      {place.hidden > 0 && (
        <text x={place.x * 0.6} y={place.y * 0.6}>{`+ ${place.hidden} links`}</text>
      )}
    </g>
  );
}

function kindOf(link: LinkState, marked: ReadonlySet<string>): string {
  const kinds = [`is-${link.role}`];
  if (link.reading !== 'reading') kinds.push('is-paused');
  if (link.active) kinds.push('is-active');
  if (marked.has(link.link)) kinds.push('is-marked');
  return kinds.join(' ');
}

function titleOf({ peer, role, users, receivedPdus, unsentBytes }: LinkState): string {
  const declared = role === 'none' ? 'no role declared' : role;
  return `${peer}: ${declared}, ${some(users, 'user')}, ${count(receivedPdus)} PDUs received, ${bytes(unsentBytes)} unsent`;
}

function describe(nodes: readonly NodeState[]): string {
  if (nodes.length === 0) return 'No node is known yet.';
  const words = nodes.map(
    (node) =>
      `${shortId(node.entry.node)} ${moodOf(node).mood}, ${some(node.links.length, 'link')}`,
  );
  return `${some(nodes.length, 'node')} around the bus: ${words.join('; ')}.`;
}
