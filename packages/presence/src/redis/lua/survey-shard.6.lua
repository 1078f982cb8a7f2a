#!lua flags=allow-oom
-- Begins a node's work in a shard: its later calls follow this one. Deletes keys of a wrong type,
-- and returns the node's links in the shard.
-- KEYS  1 users hash, 2 links set, 3 meta hash, 4 prefix of each link's set of users,
--       5 pending sorted set, 6 announced sorted set
-- ARGV  1 node id, 2 stamp of this call (grows with every call of the node)
-- REPLY { number of keys deleted for a wrong type, link of the node, ... }
-- COST  one TYPE per link with users in this shard
-- TWICE begins anew. A call that arrives after a later one of its node is refused: STALE.
local users, links, meta, linkUsers, pending, announced = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local node, stamp = ARGV[1], ARGV[2]

local deleted = 0
local function expect(key, type)
  local found = redis.call('TYPE', key).ok
  if found ~= type and found ~= 'none' then deleted = deleted + redis.call('DEL', key) end
end
expect(users, 'hash')
expect(links, 'set')
expect(meta, 'hash')
expect(pending, 'zset')
expect(announced, 'zset')

-- A stamp is a whole number; garbage counts as none.
local last = tonumber(redis.call('HGET', meta, node) or '0') or 0
if last < 8e15 and last > tonumber(stamp) then
  return redis.error_reply('STALE call ' .. stamp .. ' of ' .. node .. ' after ' .. string.format('%.0f', last))
end
redis.call('HSET', meta, node, stamp)

local reply = { 0 }
for _, link in ipairs(redis.call('SMEMBERS', links)) do
  expect(linkUsers .. link, 'set')
  if string.match(link, '^(.*)%.[^.]*$') == node then reply[#reply + 1] = link end
end
reply[1] = deleted
return reply
