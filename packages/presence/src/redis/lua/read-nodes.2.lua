-- Tells all nodes that are known, how long their leases last, and what they publish about themselves. Changes nothing.
-- KEYS  1 members, a sorted set: node id -> end of its lease, in ms of this server's clock, below 0 where another
--       node has ended it,
--       2 info, a hash: node id -> what the node publishes about itself
-- ARGV  none
-- REPLY { now in ms, { node, end of its lease, ... }, { node, what it publishes, ... } }
-- COST  the number of nodes
-- TWICE reads again
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return {
  string.format('%.0f', now),
  redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'WITHSCORES'),
  redis.call('HGETALL', KEYS[2]),
}
