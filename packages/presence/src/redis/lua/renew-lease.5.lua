#!lua flags=allow-oom
-- Acquires or renews a node's lease, ends the leases of dead nodes, and returns all leases and the
-- info of their nodes. A lease is alive if its end changes. Redis's clock is never compared.
-- KEYS  1 members, a sorted set: node id -> end of its lease, in ms of this server's clock; for ten
--       minutes after the lease of a dead node was ended, the negative time of that,
--       2 info, a hash: node id -> the info that the node publishes,
--       3 asserted, a hash: node id -> the epoch up to which the node has asserted its links,
--       4 cluster, a hash: 'schema' and 'shards', on which all nodes agree; 'epoch' and 'version',
--       the highest so far ('version' also follows this server's clock),
--       5 leases of nodes of release 0.1.0, a sorted set like the first
-- ARGV  1 node id, 2 length of the lease in ms,
--       3 the end that its last renewal returned, '' to acquire the lease anew, 4 its info,
--       5 whether it has asserted all its links ('0' no, '1' yes, '2' yes, and it leaves),
--       6 the highest epoch, 7 the highest version that it knows, 8 its schema,
--       9 its number of shards; then of each dead node the id and the end of its lease
-- REPLY { 'refused', schema, shards, { node, end, ... }, { live node of release 0.1.0, ... } } if
--       other nodes have leases and do not agree with this one, which has none: nothing of it is
--       written; else
--       { 1 if the lease existed until now, else 0, its end, { node, end, ... },
--       { node, its info, ... }, epoch, version, { node, epoch asserted, ... } }
-- COST  the number of nodes
-- TWICE renews again, and returns 0: a node without a reply considers its lease lost.
local members, info, asserted, cluster, oldLeases = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local node, leaseMs, before, about = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local standing, epoch, version = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local schema, shards = ARGV[8], ARGV[9]

local function expect(key, type)
  local found = redis.call('TYPE', key).ok
  if found ~= type and found ~= 'none' then redis.call('DEL', key) end
end
expect(members, 'zset')
expect(info, 'hash')
expect(asserted, 'hash')
expect(cluster, 'hash')

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- A node that has renewed since is alive. A node whose lease ends here finds out and asserts anew.
for i = 10, #ARGV, 2 do
  if redis.call('ZSCORE', members, ARGV[i]) == ARGV[i + 1] then
    redis.call('ZADD', members, string.format('%.0f', -now), ARGV[i])
  end
end
redis.call('ZREMRANGEBYSCORE', members, string.format('%.0f', 600000 - now), '(0')

local ends = redis.call('ZSCORE', members, node)
local held = before ~= '' and ends == before

local stored = redis.call('HMGET', cluster, 'schema', 'shards', 'epoch', 'version')
local agrees = stored[1] == schema and stored[2] == shards
local all = redis.call('ZRANGEBYSCORE', members, 0, '+inf', 'WITHSCORES')
if not held then
  local isAlone = #all == 0 or (#all == 2 and all[1] == node)
  local older = {}
  if redis.call('TYPE', oldLeases).ok == 'zset' then
    older = redis.call('ZRANGEBYSCORE', oldLeases, string.format('%.0f', now), string.format('%.0f', now + 3600000))
  end
  if #older > 0 or not (agrees or isAlone) then
    return { 'refused', stored[1] or '', stored[2] or '', all, older }
  end
end
if not agrees then redis.call('HSET', cluster, 'schema', schema, 'shards', shards) end

-- Both only grow. Values that no node can have written are ignored.
local function highest(known, text)
  local number = tonumber(text or '0') or 0
  return number >= 0 and number < 8e15 and math.max(known, number) or known
end
epoch = highest(epoch, stored[3])
version = math.max(highest(version, stored[4]), tonumber(time[1]) * 1000000 + tonumber(time[2]))
if not held then epoch = epoch + 1 end
redis.call('HSET', cluster, 'epoch', string.format('%.0f', epoch), 'version', string.format('%.0f', version))
local through = (not held or standing == '0') and 0 or standing == '1' and epoch or 9e15
redis.call('HSET', asserted, node, string.format('%.0f', through))

-- Each renewal changes the end, whatever the clock shows.
local ending = string.format('%.0f', now + leaseMs)
if ending == ends then ending = string.format('%.0f', now + leaseMs + 1) end
redis.call('ZADD', members, ending, node)
redis.call('HSET', info, node, about)

all = redis.call('ZRANGEBYSCORE', members, 0, '+inf', 'WITHSCORES')
local leases, abouts = {}, {}
for i = 1, #all, 2 do leases[all[i]] = true end
for _, hash in ipairs({ info, asserted }) do
  local fields = redis.call('HGETALL', hash)
  for i = 1, #fields, 2 do
    if not leases[fields[i]] then redis.call('HDEL', hash, fields[i])
    elseif hash == info then
      abouts[#abouts + 1] = fields[i]
      abouts[#abouts + 1] = fields[i + 1]
    end
  end
end

return { held and 1 or 0, ending, all, abouts, epoch, version, redis.call('HGETALL', asserted) }
