/** Why a connection did not become a link: the label of a metric and a field of the log at once. */
export const REFUSALS = {
  'not-allowed': 'its address is in none of the networks of ROUTE_ALLOW',
  'too-many-links': 'the node has as many links as ROUTE_MAX_LINKS allows',
  'too-many-links-of-address': 'its address has as many as ROUTE_MAX_LINKS_PER_ADDRESS allows',
  'too-few-descriptors': 'the limit of open files (ulimit -n) leaves no room for it',
  'too-many-handshakes': 'as many connections as ROUTE_MAX_HANDSHAKES allows are not yet admitted',
  'too-many-handshakes-of-address':
    'as many of its address as ROUTE_MAX_HANDSHAKES_PER_ADDRESS allows are not yet admitted',
  'not-a-proxy': 'its address is in none of the networks of ROUTE_PROXY_FROM',
  'proxy-header-wrong': 'it does not begin with a PROXY protocol header of version 1 or 2',
  'tls-failed': 'TLS could not be agreed on, or its certificate is missing or not to be trusted',
  'handshake-too-slow': 'it was not ready for use within ROUTE_HANDSHAKE_SECONDS',
  failed: 'this node met an error of its own while it prepared the link',
  abandoned: 'the other side ended it before it was ready for use',
} as const;

export type Refusal = keyof typeof REFUSALS;
