/** The address that a link connects to. */
export interface ReplayTarget {
  readonly host: string;
  readonly port: number;
}

/** A link of a replay: sends the trace's bytes and keeps what it receives. */
export interface ReplayLink extends AsyncDisposable {
  /** PDUs received, in order, header included; without heartbeats and answers to {@link query}. */
  readonly received: readonly { readonly bytes: Buffer }[];
  /** Bytes of a PDU that is not complete yet. */
  readonly incompleteBytes: number;
  readonly heartbeats: number;
  /** How the other side has ended it; undefined while open. */
  readonly serverClose: string | undefined;
  /** Sends bytes in writes of these sizes and the rest in a last one, each in its own segment. */
  sendSplit(bytes: Uint8Array, sizes: readonly number[]): Promise<void>;
  /** Queries the status of users; resolves with the answer. */
  query(userIds: readonly number[]): Promise<unknown>;
  /** Closes it in good order. */
  close(): Promise<void>;
}

/** Opens a link. @throws the socket's error when the connection fails. */
export type OpenLink = (target: ReplayTarget) => Promise<ReplayLink>;
