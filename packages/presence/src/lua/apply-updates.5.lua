-- Sets what links hold of users, and reads users' states between the updates, in the order given.
-- KEYS  1 users hash (user id -> record), 2 links set, 3 meta hash ('@clock', node id -> stamp),
--       4 prefix of the sets of users that each link holds (same slot; a link's id is appended),
--       5 lost: sorted set of the users to be told of, if they do not come back
-- ARGV  1 node id, 2 stamp of this call (grows with every call of the node),
--       then three an operation: link id, user id, holding ('' for none);
--       link id '' reads the user and changes nothing
-- REPLY { version, state, state, ... }: the first operation's version, the next one has the next; and
--       one state an operation, of its user right after it: 0 nobody holds the user, 1 held without
--       a PC client, 2 with one
-- COST  one HGET an operation, and one HSET and SADD (HDEL and SREM) an update; the caller bounds the
--       operations (256)
-- TWICE sets the same again under a later version. A call that comes after a later one of its node (sent on a
--       connection that was given up) is refused: STALE.
--
-- A record is its state ('p' with a PC client, 'm' without), then ';', then 'link=holding;' for each link.
local users, links, meta, held, lost = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local node, stamp = ARGV[1], ARGV[2]

local last = redis.call('HGET', meta, node)
if last and tonumber(last) > tonumber(stamp) then
  return redis.error_reply('STALE call ' .. stamp .. ' of ' .. node .. ' after ' .. last)
end

-- Never older than what was given out before, even where the clock of a new primary is behind.
local time = redis.call('TIME')
local version = tonumber(time[1]) * 1000000 + tonumber(time[2])
local clock = tonumber(redis.call('HGET', meta, '@clock') or '0')
if version <= clock then version = clock + 1 end
local lastVersion = version + (#ARGV - 2) / 3 - 1
redis.call('HSET', meta, node, stamp, '@clock', string.format('%.0f', lastVersion))

local reply = { version }
local known = {}
local anyLost = redis.call('EXISTS', lost) == 1

for i = 3, #ARGV, 3 do
  local link, user, holding = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local record = redis.call('HGET', users, user)
  if link ~= '' then
    local entries = record and string.sub(record, 2) or ';'
    local from = string.find(entries, ';' .. link .. '=', 1, true)
    if from then
      local to = string.find(entries, ';', from + 1, true)
      entries = string.sub(entries, 1, from) .. string.sub(entries, to + 1)
    end
    if holding ~= '' then
      if not known[link] then
        redis.call('SADD', links, link)
        known[link] = true
      end
      redis.call('SADD', held .. link, user)
      entries = entries .. link .. '=' .. holding .. ';'
    else
      redis.call('SREM', held .. link, user)
    end
    local before = record
    if entries == ';' then
      record = false
    elseif string.find(entries, '=[^;]*[wm]') then
      record = 'p' .. entries
      if anyLost then redis.call('ZREM', lost, user) end
    else
      record = 'm' .. entries
    end
    if record ~= before then
      if record then
        redis.call('HSET', users, user, record)
      else
        redis.call('HDEL', users, user)
      end
    end
  end
  if not record then
    reply[#reply + 1] = 0
  elseif string.byte(record) == 112 then
    reply[#reply + 1] = 2
  else
    reply[#reply + 1] = 1
  end
end

return reply
