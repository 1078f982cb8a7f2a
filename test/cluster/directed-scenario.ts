import { LinkUsers, recipientsOf } from '@route/golden-replay';
import { CLIENT_TYPE, type ClientStatus, COMMANDS, USER_STATUS } from '@route/protocol';
import type { RouteNode, TestLink } from '../harness/index.ts';
import { randomRelayed } from './concerning-pdus.ts';
import { openKnownLink } from './known-links.ts';
import { headerOf, Markers, readHeaderOf } from './markers.ts';
import type { SeededRandom } from './seeded-random.ts';
import { userIds } from './statuses.ts';

const LINKS = 6;
const MOVES = 25;
const SENDS = 40;
const MOST_TOGETHER = 5;

/** Users that connect and disconnect. */
const COMING = [...userIds(1, 10), 0xffff_ffff];
/** These users, and two that are never online. */
export const USERS = [...COMING, 999, 1000];

/** PDUs that one link sends in one write, each with its own number in the round. */
interface Sending {
  readonly link: number;
  readonly pdus: readonly Buffer[];
}

type Move =
  | { readonly kind: 'list'; readonly link: number; readonly clients: readonly ClientStatus[] }
  | { readonly kind: 'status'; readonly link: number; readonly client: ClientStatus }
  /** The link closes and reopens on the next node without users. */
  | { readonly kind: 'reconnect'; readonly link: number };

/** A round: users move, then PDUs of all kinds are sent. */
export interface Round {
  readonly moves: readonly Move[];
  readonly sendings: readonly Sending[];
}

/** Per link and sender, in order: the numbers of PDUs received, or expected. */
export type Deliveries = readonly (readonly (readonly number[])[])[];

/** Generates a random round. */
export function randomRound(random: SeededRandom): Round {
  const links = [...Array(LINKS).keys()];
  const client = (): ClientStatus => ({
    userId: random.pick(COMING),
    status: random.pick(Object.values(USER_STATUS)),
    clientType: random.pick(Object.values(CLIENT_TYPE)),
  });
  const moves = Array.from({ length: MOVES }, (): Move => {
    const link = random.pick(links);
    const kind = random.next();
    if (kind < 0.1) return { kind: 'reconnect', link };
    if (kind < 0.3) return { kind: 'list', link, clients: [client(), client()] };
    return { kind: 'status', link, client: client() };
  });
  let n = 0;
  const sendings = Array.from({ length: SENDS }, (): Sending => {
    const link = random.pick(links);
    const pdus = Array.from({ length: 1 + Math.floor(random.next() * MOST_TOGETHER) }, () => {
      const users = { first: random.pick(USERS), second: random.pick(USERS) };
      return randomRelayed(random, users, headerOf(link, n++));
    });
    return { link, pdus };
  });
  return { moves, sendings };
}

/** The links of a round, with the users online on each. */
export class DirectedScenario implements AsyncDisposable {
  readonly #nodes: readonly RouteNode[];
  readonly #links: TestLink[] = [];
  readonly #users: LinkUsers[] = [];
  #reconnects = 0;
  readonly #markers = new Markers();

  private constructor(nodes: readonly RouteNode[]) {
    this.#nodes = nodes;
  }

  static async on(nodes: readonly RouteNode[]): Promise<DirectedScenario> {
    const scenario = new DirectedScenario(nodes);
    for (let link = 0; link < LINKS; link++) await scenario.#open(link);
    return scenario;
  }

  /** Carries out a round's moves. Resolves when all nodes know the users of each link. */
  async move({ moves }: Round): Promise<void> {
    for (const move of moves) {
      switch (move.kind) {
        case 'list':
          this.#link(move.link).online(move.clients);
          for (const client of move.clients) this.#users[move.link]?.list(client);
          break;
        case 'status':
          this.#link(move.link).status(move.client);
          this.#users[move.link]?.update(move.client);
          break;
        case 'reconnect':
          await this.#link(move.link).close();
          this.#reconnects++;
          await this.#open(move.link);
          break;
      }
    }
    await this.#markers.pass(this.#links);
    this.#takeDeliveries();
  }

  /** Sends a round's PDUs, and returns what each link received. */
  async send({ sendings }: Round): Promise<Deliveries> {
    for (const { link, pdus } of sendings) this.#link(link).send(...pdus);
    await this.#markers.pass(this.#links);
    // Repeats and late PDUs have arrived before these.
    await this.#markers.pass(this.#links);
    return this.#takeDeliveries();
  }

  /**
   * Expected deliveries of a round: PDUs for users only on links with these users, or every PDU on
   * every link.
   */
  due({ sendings }: Round, directed: boolean): Deliveries {
    return this.#links.map((_, to) =>
      this.#links.map((_, from) => {
        const sent = sendings.filter(({ link }) => link === from).flatMap(({ pdus }) => pdus);
        return sent.filter((pdu) => this.#isDue(pdu, { from, to, directed })).map(numberOf);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map((link) => link[Symbol.asyncDispose]()));
  }

  #isDue(
    pdu: Buffer,
    {
      from,
      to,
      directed,
    }: { readonly from: number; readonly to: number; readonly directed: boolean },
  ): boolean {
    if (pdu.readUInt16BE(10) === COMMANDS.sign_info_changed_notify.commandId) return true;
    if (from === to) return false;
    const users = directed ? recipientsOf(pdu) : undefined;
    return users === undefined || users.some((userId) => this.#users[to]?.has(userId));
  }

  #takeDeliveries(): Deliveries {
    return this.#links.map((link) => {
      const bySender: number[][] = this.#links.map(() => []);
      for (const pdu of link.received.splice(0)) {
        const sent = readHeaderOf(pdu);
        if (sent !== undefined) bySender[sent.link]?.push(sent.n);
      }
      return bySender;
    });
  }

  async #open(index: number): Promise<void> {
    const node = this.#nodes[(index + this.#reconnects) % this.#nodes.length];
    if (node === undefined) throw new Error('there are no nodes');
    this.#links[index] = await openKnownLink(node);
    this.#users[index] = new LinkUsers();
  }

  #link(index: number): TestLink {
    const link = this.#links[index];
    if (link === undefined) throw new Error(`no link ${index}`);
    return link;
  }
}

function numberOf(pdu: Buffer): number {
  return pdu.readUInt16BE(12);
}
