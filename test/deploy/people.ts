import { waitFor } from '@route/fixtures';
import { Random } from '@route/random';
import { MsgServer } from '../cluster/msg-server.ts';
import { SeededRandom } from '../cluster/seeded-random.ts';
import { StatusWatch } from '../cluster/status-watch.ts';
import type { LinkTarget } from '../harness/index.ts';
import {
  Crowd,
  type Exactness,
  lookByQuery,
  Pacer,
  type Totals,
  Traffic,
  untilExact,
} from '../traffic/index.ts';

const FLOW_DEADLINE_MS = 20_000;
const EXACT_DEADLINE_MS = 30_000;
const RECONNECT_DEADLINE_MS = 20_000;

/** Looks at presence are made over new links, which the balancer spreads over the nodes. */
const LOOKS = 5;

/**
 * msg_servers with users and traffic, and a monitor that queries users online throughout. All of
 * them use one address, the balancer's.
 */
export class People implements AsyncDisposable {
  readonly traffic = new Traffic();
  readonly crowd: Crowd;
  readonly watch: StatusWatch;
  readonly #targets: readonly LinkTarget[];
  readonly #stack: AsyncDisposableStack;
  readonly #begun = Promise.withResolvers<void>();
  #pacer: Pacer | undefined;

  private constructor(balancer: LinkTarget, stack: AsyncDisposableStack) {
    const random = new SeededRandom();
    this.#targets = [balancer];
    this.#stack = stack;
    this.crowd = stack.use(
      new Crowd({
        traffic: this.traffic,
        random: new Random(random.seed),
        servers: 12,
        users: 1_000,
        steadyUsers: 300,
        eventsPerSecond: 50,
        reconnectMs: [100, 1_000],
        measures: false,
        targets: () => this.#targets,
      }),
    );
    const asker = stack.use(new MsgServer({ targets: () => this.#targets, clients: [], random }));
    this.watch = new StatusWatch([...this.crowd.steady.keys()], async () => {
      // Before its list has been accepted, a server's users are not online yet.
      await this.#begun.promise;
      return await asker.linked();
    });
    stack.use(this.watch);
  }

  /** Connects all servers; resolves when all traffic flows. */
  static async begin(balancer: LinkTarget): Promise<People> {
    const stack = new AsyncDisposableStack();
    const people = new People(balancer, stack);
    try {
      await people.#connect();
      const { differences } = await people.untilExact();
      if (differences.length > 0) throw new Error(differences.slice(0, 5).join('\n'));
      people.#begun.resolve();
      const pace = { traffic: people.traffic, pdusPerSecond: 500, pduBytes: 160 };
      people.#pacer = stack.use(new Pacer(pace));
      people.crowd.begin();
      await people.untilFlowing();
      return people;
    } catch (error) {
      await people[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Waits until every msg_server has a link and all that is sent reaches all others. */
  async untilFlowing(): Promise<void> {
    await waitFor(() => this.crowd.servers.every(({ isConnected }) => isConnected), {
      what: 'all msg_servers to have links',
      deadlineMs: RECONNECT_DEADLINE_MS,
    });
    await this.traffic.untilFlowing(FLOW_DEADLINE_MS);
  }

  /**
   * Waits until every queried node reports the right status of all users; no user may change
   * meanwhile.
   */
  async untilExact(): Promise<Exactness> {
    const targets = Array.from({ length: LOOKS }, () => this.#targets).flat();
    return await untilExact(
      lookByQuery(this.crowd.model, () => targets),
      EXACT_DEADLINE_MS,
    );
  }

  /**
   * Stops the traffic; returns its outcome when every PDU has arrived, or the deadline has passed.
   */
  async settle(deadlineMs: number): Promise<Totals> {
    this.#pacer?.[Symbol.dispose]();
    return await this.traffic.settle(deadlineMs);
  }

  async #connect(): Promise<void> {
    for (const server of this.crowd.servers) {
      const connected = (): Promise<boolean> => server.connect().then(() => true);
      await waitFor(connected, { what: `msg_server ${server.id}`, deadlineMs: FLOW_DEADLINE_MS });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#begun.resolve();
    await this.#stack.disposeAsync();
  }
}
