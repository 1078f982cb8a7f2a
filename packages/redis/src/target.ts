/** A server's address. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** How a server shows who it is, and this side, where connections are encrypted. PEM texts. */
export interface RedisTls {
  /** Authorities that may have signed the server's certificate; the system's where not given. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must carry, where it is not the host's. */
  readonly serverName?: string;
}

/** Whom this side says that it is. */
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
  /** What the Sentinels call the primary. */
  readonly name: string;
  readonly account: RedisAccount;
  readonly sentinelAccount: RedisAccount;
  /** Of the Redis servers and the Sentinels. */
  readonly tls?: RedisTls;
}

/** A Redis Cluster, version 7 or later. */
export interface ClusterTarget {
  readonly kind: 'cluster';
  /** Some of its nodes; the others are learned from them. */
  readonly nodes: readonly HostPort[];
  readonly account: RedisAccount;
  readonly tls?: RedisTls;
}

/** Which Redis, in which of the three ways of running one. */
export type RedisTarget = SingleTarget | SentinelTarget | ClusterTarget;

/** Where Redis is and how long to believe that it will still answer. */
export interface RedisSettings {
  readonly target: RedisTarget;
  /** A command without an answer after this long is rejected: its outcome is unknown. */
  readonly commandTimeoutMs: number;
  /** How long a connection attempt may take. */
  readonly connectTimeoutMs: number;
  /** Shown in CLIENT LIST, so that an operator can tell whose connection it is. */
  readonly connectionName: string;
}
