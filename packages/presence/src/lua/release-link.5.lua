-- Takes a link's users away, a bounded number a call: called again until nothing remains.
-- KEYS  1 users hash, 2 links set, 3 meta hash, 4 set of the users that the link holds,
--       5 lost: sorted set, user id -> when to tell of it, in ms of this server's clock
-- ARGV  1 link id, 2 node id of its owner, 3 'own' or 'reap', 4 stamp, 5 how many users at the most,
--       6 after how many ms users who have lost their PC clients are told of, '0' for never
--       own:  the link's node ends it; the stamp is that of this call
--       reap: another node takes away what a dead node left; the stamp is the last that the dead node
--             was seen to have used here
-- REPLY { users remaining, user, user, ... }: the users who had a PC client before and have none now
-- COST  one SPOP, HMGET and HSET (HDEL) of the users, at most ARGV 5 of them
-- TWICE finds fewer users or none. A 'reap' of a node that has written since it was looked at is
--       refused (FENCED): the node lives. An 'own' that comes after a later call is refused: STALE.
local users, links, meta, held, lost = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local link, node, mode, stamp, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local graceMs = tonumber(ARGV[6])

local time = redis.call('TIME')
local due = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + graceMs

local last = redis.call('HGET', meta, node)
if mode == 'reap' then
  if (last or '') ~= stamp then
    return redis.error_reply('FENCED ' .. node .. ' has written since: ' .. tostring(last))
  end
else
  if last and tonumber(last) > tonumber(stamp) then
    return redis.error_reply('STALE call ' .. stamp .. ' of ' .. node .. ' after ' .. last)
  end
  redis.call('HSET', meta, node, stamp)
end

local reply = { 0 }
local popped = redis.call('SPOP', held, limit)
local records = #popped > 0 and redis.call('HMGET', users, unpack(popped)) or {}
local kept, gone = {}, {}
for i, record in ipairs(records) do
  local user = popped[i]
  local from = record and string.find(record, ';' .. link .. '=', 1, true)
  if from then
    local to = string.find(record, ';', from + 1, true)
    local entries = string.sub(record, 2, from) .. string.sub(record, to + 1)
    local hasPc = string.find(entries, '=[^;]*[wm]')
    if entries == ';' then
      gone[#gone + 1] = user
    else
      kept[#kept + 1] = user
      kept[#kept + 1] = (hasPc and 'p' or 'm') .. entries
    end
    if string.byte(record) == 112 and not hasPc then
      reply[#reply + 1] = user
      if graceMs > 0 then redis.call('ZADD', lost, 'NX', string.format('%.0f', due), user) end
    end
  end
end
if #kept > 0 then redis.call('HSET', users, unpack(kept)) end
if #gone > 0 then redis.call('HDEL', users, unpack(gone)) end

reply[1] = redis.call('SCARD', held)
if reply[1] == 0 then redis.call('SREM', links, link) end
return reply
