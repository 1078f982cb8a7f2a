/** A server's address. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** How each side authenticates on encrypted connections. PEM texts. */
export interface RedisTls {
  /** Authorities that may have signed the server's certificate; the system's where not given. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must carry, where it is not the host's. */
  readonly serverName?: string;
}

/** Addresses as servers announce them (`host:port`), and where they are reached from here. */
export type AddressMap = ReadonlyMap<string, HostPort>;

/** The client's own certificate. */
export interface RedisAccount {
  readonly username?: string;
  readonly password?: string;
}

/** One Redis at one address. */
export interface SingleTarget {
  readonly kind: 'single';
  /** redis:// or rediss:// URL; user, password and database as in the URL. */
  readonly url: string;
  readonly tls?: RedisTls;
}

/** A primary and its replicas, watched by Sentinels that know which is the primary. */
export interface SentinelTarget {
  readonly kind: 'sentinel';
  readonly sentinels: readonly HostPort[];
  /** The Sentinels' name for the primary. */
  readonly name: string;
  readonly account: RedisAccount;
  readonly sentinelAccount: RedisAccount;
  /** Of the Redis servers and the Sentinels. */
  readonly tls?: RedisTls;
  /** For Sentinels that announce addresses which cannot be reached from here. */
  readonly addressMap?: AddressMap;
}

/** A Redis Cluster, version 7 or later. */
export interface ClusterTarget {
  readonly kind: 'cluster';
  /** Some of its nodes; the others are learned from them. */
  readonly nodes: readonly HostPort[];
  readonly account: RedisAccount;
  readonly tls?: RedisTls;
  /** For nodes that announce addresses which cannot be reached from here. */
  readonly addressMap?: AddressMap;
}

/** Which Redis, in which of the three ways of running one. */
export type RedisTarget = SingleTarget | SentinelTarget | ClusterTarget;

/** Where Redis is and how long to believe that it will still answer. */
export interface RedisSettings {
  readonly target: RedisTarget;
  /**
   * Reads the target again for a new connection: passwords and certificates may have changed in
   * their files. The kind stays the same. It must not throw. By default nothing changes.
   */
  readonly currentTarget?: () => RedisTarget;
  /** A command without an answer after this long is rejected: its outcome is unknown. */
  readonly commandTimeoutMs: number;
  /** How long a connection attempt may take. */
  readonly connectTimeoutMs: number;
  /**
   * A connection on which nothing arrives for this long while a command is outstanding is closed;
   * by default never.
   */
  readonly silentMs?: number;
  /** Whether a replica will do, for callers that only read. */
  readonly acceptsReplica?: boolean;
  /** A connection has failed, with the address that was tried and the reason. */
  readonly attemptFailed?: (error: Error) => void;
  /** Shown in CLIENT LIST, so that operators can identify the connection. */
  readonly connectionName: string;
}
