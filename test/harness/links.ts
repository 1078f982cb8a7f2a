import { type LinkTarget, openLink, type TestLink } from './test-link.ts';

/** Several links that end together. */
export class LinkSet implements AsyncDisposable {
  readonly links: readonly TestLink[];

  constructor(links: readonly TestLink[]) {
    this.links = links;
  }

  /** A link by its place, counted from 0. */
  link(index: number): TestLink {
    const link = this.links[index];
    if (link === undefined) throw new Error(`no link ${index}, there are ${this.links.length}`);
    return link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.links.map((link) => link[Symbol.asyncDispose]()));
  }
}

/** Opens links to the nodes in turn: `await using links = await openLinks(cluster.nodes, 8)`. */
export async function openLinks(nodes: readonly LinkTarget[], count: number): Promise<LinkSet> {
  const links: TestLink[] = [];
  for (let index = 0; index < count; index++) {
    const node = nodes[index % nodes.length];
    if (node === undefined) throw new Error('there is no node to open a link to');
    links.push(await openLink(node));
  }
  return new LinkSet(links);
}
