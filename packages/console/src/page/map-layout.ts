/** A position in the drawing, with the middle at 0, 0. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A node's place, and those of its links, in the order given. */
export interface PlacedNode extends Point {
  readonly radius: number;
  readonly links: readonly Point[];
  /** How far apart neighbouring links are. */
  readonly spacing: number;
  /** Links without room. */
  readonly hidden: number;
}

const NODE_RING = 150;
const FIRST_LINK_RING = 212;
const LAST_LINK_RING = 332;
const MOST_FAN = (130 / 180) * Math.PI;
const SPACINGS = [20, 17, 14, 12, 10, 8, 6] as const;

/** From the middle to the edge of a drawing that holds all of these, with some room. */
export function radiusOf(nodes: readonly PlacedNode[]): number {
  const edges = nodes.flatMap(({ links, spacing }) =>
    links.map(({ x, y }) => Math.hypot(x, y) + spacing),
  );
  return Math.round(Math.max(NODE_RING + 100, ...edges));
}

/** Nodes in a ring around the bus, each with its links in a fan behind it. */
export function placeNodes(linksOfNodes: readonly number[]): PlacedNode[] {
  const slot = (2 * Math.PI) / Math.max(1, linksOfNodes.length);
  const fan = Math.min(slot * 0.88, MOST_FAN);
  return linksOfNodes.map((count, at) => {
    const angle = at * slot - Math.PI / 2;
    const { places, spacing } = placeLinks({ count, angle, fan });
    return {
      ...polar(NODE_RING, angle),
      radius: Math.max(15, Math.min(32, slot * NODE_RING * 0.38)),
      links: places,
      spacing,
      hidden: count - places.length,
    };
  });
}

interface Fan {
  readonly count: number;
  readonly angle: number;
  readonly fan: number;
}

function placeLinks({ count, angle, fan }: Fan): { places: Point[]; spacing: number } {
  let places: Point[] = [];
  let spacing: number = SPACINGS[0];
  for (spacing of SPACINGS) {
    places = fillRings({ count, angle, fan }, spacing);
    if (places.length === count) break;
  }
  return { places, spacing };
}

function fillRings({ count, angle, fan }: Fan, spacing: number): Point[] {
  const places: Point[] = [];
  for (let ring = FIRST_LINK_RING; ring <= LAST_LINK_RING; ring += spacing) {
    const room = Math.max(1, Math.floor((fan * ring) / spacing));
    const here = Math.min(room, count - places.length);
    for (let i = 0; i < here; i++) {
      places.push(polar(ring, angle + ((i - (here - 1) / 2) * spacing) / ring));
    }
  }
  return places;
}

function polar(radius: number, angle: number): Point {
  return { x: round(radius * Math.cos(angle)), y: round(radius * Math.sin(angle)) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
