-- Returns all known nodes, the ends of their leases, and the info that they publish. Changes
-- nothing.
-- KEYS  1 members, a sorted set: node id -> end of its lease, in ms of this server's clock, below 0
--       if another node has ended it,
--       2 info, a hash: node id -> the info that the node publishes
-- ARGV  none
-- REPLY { now in ms, { node, end of its lease, ... }, { node, its info, ... } }
-- COST  the number of nodes
-- TWICE reads again
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return {
  string.format('%.0f', now),
  redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'WITHSCORES'),
  redis.call('HGETALL', KEYS[2]),
}
