-- Sets what links hold of users, and reads users' states between the updates, in the order given.
-- KEYS  1 users hash (user id -> record), 2 links set, 3 meta hash ('@clock', node id -> stamp),
--       4 prefix of the sets of users that each link holds (same slot; a link's id is appended),
--       5 lost: sorted set of the users to be announced offline, if they do not come back,
--       6 told: sorted set, user id -> version with which a lost user was announced offline
-- ARGV  1 node id, 2 stamp of this call (grows with every call of the node),
--       3 the stamp of the node's call before this one in this shard, 4 the highest version that the node knows,
--       5 the user of each operation (MessagePack list), 6 what operations can say: link id, holding ('' for
--       none), link id, ... (MessagePack list), 7 which of these each operation says, from 0 (a byte each);
--       link id '' reads the user and changes nothing; '!' before a holding: the node announces that the user went
--       offline, unless a PC client is left, so that nothing more is to be announced of a link that ended before
-- REPLY { version, states, back, known }: the first operation's version, the next one has the next; and one digit an
--       operation, of its user right after it: 0 no link holds the user, 1 held without a PC client,
--       2 with one; back: { user, version told, user, version told, ... } of those who were announced
--       offline and have a PC client now; known: the same of those whom an update takes offline and who were announced
-- COST  one HMGET, HSET, HDEL, ZREM and ZMSCORE of the users, one SADD (SREM) of them for each link: all of them
--       bounded by the number of operations, which the caller bounds (256)
-- TWICE is refused the second time: LOST. So is every call that does not follow the node's last one here: Redis has
--       lost writes (emptied, rolled back), or another node has reaped this one. A call that comes after a later
--       one of its node (sent on a connection that was given up) is refused: STALE.
--       Users in `back` stay so until settle-lost, as the reply may not have been heard.
--
-- A record is its state ('p' with a PC client, 'm' without), then ';', then 'link=holding;' for each link. What is
-- not an entry is left out of a record that changes.
local users, links, meta, held, lost, told = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local node, stamp, before, known = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local ids, said = cmsgpack.unpack(ARGV[5]), cmsgpack.unpack(ARGV[6])
local which = { string.byte(ARGV[7], 1, -1) }

local stored = redis.call('HMGET', meta, node, '@clock')
local last = stored[1] or ''
if last ~= before then
  local isLater = (tonumber(last) or 0) > tonumber(stamp)
  return redis.error_reply((isLater and 'STALE' or 'LOST') .. ' call ' .. stamp .. ' of ' .. node .. ' after ' .. last)
end

-- Later than all that was given out before, even where the clock of a new primary is behind. What is not a version
-- in '@clock' does not count.
local time = redis.call('TIME')
local version = tonumber(time[1]) * 1000000 + tonumber(time[2])
local clock = tonumber(stored[2] or '0') or 0
if not (clock >= 0 and clock < 8e15) then clock = 0 end
version = math.max(version, clock + 1, known + 1)
local lastVersion = version + #ids - 1
redis.call('HSET', meta, node, stamp, '@clock', string.format('%.0f', lastVersion))

-- The record that another one becomes when a link holds this of its user; false for none.
local function rewrite(record, link, holding)
  local entries = ';'
  for other, theirs in string.gmatch(record or '', '(%w+%.%w+)=([wmia][%w%[%]]*);') do
    if other ~= link then entries = entries .. other .. '=' .. theirs .. ';' end
  end
  if holding ~= '' then entries = entries .. link .. '=' .. holding .. ';' end
  if entries == ';' then return false end
  return (string.find(entries, '=[^;]*[wm]') and 'p' or 'm') .. entries
end

local records = {} -- by user, as the operations done so far have left them; false: none
for i, record in ipairs(redis.call('HMGET', users, unpack(ids))) do records[ids[i]] = record end

local changed = {} -- users whose record is another one now
local holders = {} -- by link: by user, whether the link holds the user
local states = {}
local found = {} -- users who have a PC client now, or had in between, or are announced offline by an update
local anyLost = redis.call('EXISTS', lost, told) > 0

-- Most records of a call are the same ones, and become the same: each is worked out once.
local stateOf = { [false] = '0' } -- by record
local rewritten = {} -- by what is said: by record, what it becomes

for i, user in ipairs(ids) do
  local record = records[user]
  local saying = which[i]
  local link, holding = said[2 * saying + 1], said[2 * saying + 2]
  local isTold = string.byte(holding) == 33
  if isTold then holding = string.sub(holding, 2) end
  if link ~= '' then
    local known = rewritten[saying]
    if not known then
      known = {}
      rewritten[saying] = known
      holders[link] = holders[link] or {}
    end
    local after = known[record]
    if after == nil then
      after = rewrite(record, link, holding)
      known[record] = after
    end
    if after ~= record then
      record = after
      records[user] = record
      changed[user] = true
    end
    holders[link][user] = holding ~= ''
    if anyLost and (isTold or record and string.byte(record) == 112) then found[#found + 1] = user end
  end
  local state = stateOf[record]
  if not state then
    state = string.byte(record) == 112 and '2' or '1'
    stateOf[record] = state
  end
  states[i] = state
end

local kept, gone = {}, {}
for user in pairs(changed) do
  if records[user] then
    kept[#kept + 1] = user
    kept[#kept + 1] = records[user]
  else
    gone[#gone + 1] = user
  end
end
if #kept > 0 then redis.call('HSET', users, unpack(kept)) end
if #gone > 0 then redis.call('HDEL', users, unpack(gone)) end
local back, known = {}, {}
if #found > 0 then
  redis.call('ZREM', lost, unpack(found))
  for i, version in ipairs(redis.call('ZMSCORE', told, unpack(found))) do
    local record = records[found[i]]
    local list = record and string.byte(record) == 112 and back or known
    if version then
      list[#list + 1] = found[i]
      list[#list + 1] = version
    end
  end
end

for link, holds in pairs(holders) do
  local added, removed = {}, {}
  for user, isHeld in pairs(holds) do
    local list = isHeld and added or removed
    list[#list + 1] = user
  end
  if #added > 0 then
    redis.call('SADD', links, link)
    redis.call('SADD', held .. link, unpack(added))
  end
  if #removed > 0 then redis.call('SREM', held .. link, unpack(removed)) end
end

return { version, table.concat(states), back, known }
