/** Where a link connects to. */
export interface ReplayTarget {
  readonly host: string;
  readonly port: number;
}

/** A link in the hands of a replay: sends what it is told and keeps whatever comes. */
export interface ReplayLink extends AsyncDisposable {
  /** PDUs received, in order, header included; without heartbeats and answers to {@link query}. */
  readonly received: readonly { readonly bytes: Buffer }[];
  /** Bytes received of a PDU that has not come whole. */
  readonly incompleteBytes: number;
  readonly heartbeats: number;
  /** How the other side has ended it; undefined as long as it has not. */
  readonly serverClose: string | undefined;
  /** Sends bytes in writes of these sizes, the rest in a last one, each in a segment of its own. */
  sendSplit(bytes: Uint8Array, sizes: readonly number[]): Promise<void>;
  /** Asks how users are; resolves with the answer. */
  query(userIds: readonly number[]): Promise<unknown>;
  /** Closes it in good order. */
  close(): Promise<void>;
}

/** Opens a link. @throws the socket's error when there is no connection. */
export type OpenLink = (target: ReplayTarget) => Promise<ReplayLink>;
