-- Takes up or renews a node's lease, and tells which nodes live.
-- KEYS  1 leases, a sorted set: node id -> end of its lease, in ms of this server's clock
-- ARGV  1 node id, 2 length of the lease in ms, 3 how long an ended lease is remembered, in ms
-- REPLY { 1 if the node held a lease until now, else 0, { live node, ... }, { dead node, ... } }
-- COST  the number of nodes
-- TWICE renews again. After a first run that nobody heard of, the second tells 1: whoever did not get
--       an answer counts its lease as lost all the same.
local leases = KEYS[1]
local node, leaseMs, rememberMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local ends = redis.call('ZSCORE', leases, node)
local held = (ends and tonumber(ends) > now) and 1 or 0
redis.call('ZADD', leases, string.format('%.0f', now + leaseMs), node)
redis.call('ZREMRANGEBYSCORE', leases, '-inf', string.format('%.0f', now - rememberMs))

local from = string.format('(%.0f', now)
return { held, redis.call('ZRANGEBYSCORE', leases, from, '+inf'), redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now)) }
