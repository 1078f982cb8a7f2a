-- Takes up or renews a node's lease, and tells which nodes live and what they say of themselves.
-- KEYS  1 leases, a sorted set: node id -> end of its lease, in ms of this server's clock,
--       2 about, a hash: node id -> what the node says of itself
-- ARGV  1 node id, 2 length of the lease in ms, 3 how long an ended lease is remembered, in ms,
--       4 what the node says of itself
-- REPLY { 1 if the node held a lease until now, else 0, { live node, ... }, { dead node, ... },
--       { what a live node says of itself, ... } }
-- COST  the number of nodes
-- TWICE renews again. After a first run that nobody heard of, the second tells 1: whoever did not get
--       an answer counts its lease as lost all the same.
local leases, abouts = KEYS[1], KEYS[2]
local node, leaseMs, rememberMs, about = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local ends = redis.call('ZSCORE', leases, node)
local held = (ends and tonumber(ends) > now) and 1 or 0
redis.call('ZADD', leases, string.format('%.0f', now + leaseMs), node)
redis.call('ZREMRANGEBYSCORE', leases, '-inf', string.format('%.0f', now - rememberMs))
redis.call('HSET', abouts, node, about)

local live = redis.call('ZRANGEBYSCORE', leases, string.format('(%.0f', now), '+inf')
local lives = {}
for _, id in ipairs(live) do lives[id] = true end

local told = {}
local all = redis.call('HGETALL', abouts)
for i = 1, #all, 2 do
  if lives[all[i]] then
    told[#told + 1] = all[i + 1]
  else
    redis.call('HDEL', abouts, all[i])
  end
end

return { held, live, redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now)), told }
