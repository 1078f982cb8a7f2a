-- Sets the entries of users on links, and reads users' states between the updates, in order.
-- KEYS  1 users hash (user id -> record), 2 links set, 3 meta hash ('@clock', node id -> stamp),
--       4 prefix of each link's set of users (same slot; the link id is appended),
--       5 pending: sorted set of the users to be announced offline unless they return,
--       6 announced: sorted set, user id -> version of the offline announcement after the grace
-- ARGV  1 node id, 2 stamp of this call (grows with every call of the node),
--       3 the stamp of the node's previous call in this shard,
--       4 the highest version that the node knows,
--       5 the user of each operation (MessagePack list),
--       6 the values that operations set: link id, entry ('' for none), link id, ... (MessagePack
--       list); link id '' reads the user and changes nothing; '!' before an entry: the node
--       announces the user offline unless a PC client is left, so the announcement that is pending
--       for an ended link is cancelled,
--       7 the index of each operation's value, from 0 (a byte each)
-- REPLY { version, states, back, known }: version of the first operation, each further operation
--       has the next version; states: one digit per operation, its user's state right after it:
--       0 on no link, 1 online without a PC client, 2 with a PC client; back: { user, version,
--       user, version, ... } of users in `announced` with a PC client now; known: the same of
--       users in `announced` that an update takes offline
-- COST  one HMGET, HSET, HDEL, ZREM and ZMSCORE of the users, one SADD (SREM) of them per link, all
--       bounded by the number of operations, which the caller bounds (256)
-- TWICE is refused the second time: LOST. So is every call that does not follow the node's last one
--       here: Redis has lost writes (emptied, rolled back), or another node has reaped this one. A
--       call that arrives after a later one of its node (sent on an abandoned connection) is
--       refused: STALE. Users in `back` stay so until settle-users, because the reply may have been
--       lost.
--
-- A record is its state ('p' with a PC client, 'm' without), then ';', then 'link=entry;' for each
-- link. Invalid entries are dropped from a record that changes.
local users, links, meta, linkUsers, pending, announced = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local node, stamp, before, known = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local ids, values = cmsgpack.unpack(ARGV[5]), cmsgpack.unpack(ARGV[6])
local which = { string.byte(ARGV[7], 1, -1) }

local stored = redis.call('HMGET', meta, node, '@clock')
local last = stored[1] or ''
if last ~= before then
  local isLater = (tonumber(last) or 0) > tonumber(stamp)
  return redis.error_reply((isLater and 'STALE' or 'LOST') .. ' call ' .. stamp .. ' of ' .. node .. ' after ' .. last)
end

-- Above all earlier versions, even if the clock of a new primary is behind. An invalid '@clock' is
-- ignored.
local time = redis.call('TIME')
local version = tonumber(time[1]) * 1000000 + tonumber(time[2])
local clock = tonumber(stored[2] or '0') or 0
if not (clock >= 0 and clock < 8e15) then clock = 0 end
version = math.max(version, clock + 1, known + 1)
local lastVersion = version + #ids - 1
redis.call('HSET', meta, node, stamp, '@clock', string.format('%.0f', lastVersion))

-- Returns the valid entries of a record, behind a ';'.
local function clean(record)
  local entries = {}
  for entry in string.gmatch(record, '%w+%.%w+=[wmia][%w%[%]]*;') do entries[#entries + 1] = entry end
  return ';' .. table.concat(entries)
end

local cleaned = { [false] = ';' } -- by record

-- Returns the record after a link sets this entry of the user; false for none. A record may have
-- hundreds of links: it is parsed once, and then only cut and joined.
local function rewrite(record, link, entry)
  local entries = cleaned[record] or clean(record)
  local from = string.find(entries, ';' .. link .. '=', 1, true)
  while from do
    local to = string.find(entries, ';', from + 1, true)
    entries = string.sub(entries, 1, from) .. string.sub(entries, to + 1)
    from = string.find(entries, ';' .. link .. '=', 1, true)
  end
  if entry ~= '' then entries = entries .. link .. '=' .. entry .. ';' end
  if entries == ';' then return false end
  local after = (string.find(entries, '=[^;]*[wm]') and 'p' or 'm') .. entries
  cleaned[after] = entries
  return after
end

local distinct, isListed = {}, {}
for _, user in ipairs(ids) do
  if not isListed[user] then distinct[#distinct + 1] = user end
  isListed[user] = true
end
local records = {} -- by user, after the operations done so far; false: none
for i, record in ipairs(redis.call('HMGET', users, unpack(distinct))) do records[distinct[i]] = record end

local changed = {} -- users with a changed record
local holders = {} -- by link: by user, whether the user is on the link
local states = {}
local found = {} -- users with a PC client now or in between, or announced offline by an update
local anyPending = redis.call('EXISTS', pending, announced) > 0

-- Most records of a call are equal and change in the same way: each change is computed once.
local stateOf = { [false] = '0' } -- by record
local rewritten = {} -- by value: by record, the new record

for i, user in ipairs(ids) do
  local record = records[user]
  local value = which[i]
  local link, entry = values[2 * value + 1], values[2 * value + 2]
  local isAnnounced = string.byte(entry) == 33
  if isAnnounced then entry = string.sub(entry, 2) end
  if link ~= '' then
    local known = rewritten[value]
    if not known then
      known = {}
      rewritten[value] = known
      holders[link] = holders[link] or {}
    end
    local after = known[record]
    if after == nil then
      after = rewrite(record, link, entry)
      known[record] = after
    end
    if after ~= record then
      record = after
      records[user] = record
      changed[user] = true
    end
    holders[link][user] = entry ~= ''
    if anyPending and (isAnnounced or record and string.byte(record) == 112) then found[#found + 1] = user end
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
  redis.call('ZREM', pending, unpack(found))
  for i, version in ipairs(redis.call('ZMSCORE', announced, unpack(found))) do
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
    redis.call('SADD', linkUsers .. link, unpack(added))
  end
  if #removed > 0 then redis.call('SREM', linkUsers .. link, unpack(removed)) end
end

return { version, table.concat(states), back, known }
