#!lua flags=allow-oom
-- Removes a link's users, a bounded number per call: called again until none remains. Users that
-- are to be announced offline unless they return become pending.
-- KEYS  1 users hash, 2 links set, 3 meta hash, 4 the link's set of users,
--       5 pending: sorted set, user id -> when to announce, in ms of the shard's grace clock
-- ARGV  1 link id, 2 node id of its owner, 3 the stamp of that node's last call here, '' for none,
--       4 the stamp of this call, '' when another node reaps a dead one,
--       5 how many users at most,
--       6 ms until users without a PC client are announced, '0' for never,
--       7 further users with a PC client on the link, by its ledger (MessagePack list): made
--       pending as well
-- REPLY { users remaining, user, user, ... }: the users that lost their last PC client
-- COST  one SPOP, HMGET and HSET (HDEL) of the users, at most ARGV 5; one HGET per user of ARGV 7
-- TWICE is refused the second time, as apply-updates is: STALE or LOST. The release of a dead
--       node's link is refused if the node has written since its stamp was read (FENCED), because
--       the node lives; otherwise it finds fewer users, or none.
local users, links, meta, linkUsers, pending = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local link, node, before, stamp = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local limit, graceMs = tonumber(ARGV[5]), tonumber(ARGV[6])

local last = redis.call('HGET', meta, node) or ''
if last ~= before then
  local isLater = (tonumber(last) or 0) > (tonumber(stamp) or 0)
  local refusal = stamp == '' and 'FENCED' or isLater and 'STALE' or 'LOST'
  return redis.error_reply(refusal .. ' call ' .. stamp .. ' of ' .. node .. ' after ' .. last)
end
if stamp ~= '' then redis.call('HSET', meta, node, stamp) end

-- The grace clock follows Redis's, but never back and by at most a second between two reads:
-- neither a step of the clock nor a time without reads ends a grace.
local due
local function makePending(user)
  if graceMs == 0 then return end
  if not due then
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local stored = redis.call('HMGET', meta, '@grace', '@at')
    local grace, at = tonumber(stored[1] or '0') or 0, tonumber(stored[2] or '0') or 0
    grace = grace + math.max(0, math.min(1000, now - at))
    if not (grace >= 0 and grace < 8e15) then grace = 0 end
    redis.call('HSET', meta, '@grace', string.format('%.0f', grace), '@at', string.format('%.0f', now))
    due = string.format('%.0f', grace + graceMs)
  end
  redis.call('ZADD', pending, 'NX', due, user)
end

local reply = { 0 }
local popped = redis.call('SPOP', linkUsers, limit)
local records = #popped > 0 and redis.call('HMGET', users, unpack(popped)) or {}
local kept, gone = {}, {}
for i, record in ipairs(records) do
  local user = popped[i]
  local from = record and string.find(record, ';' .. link .. '=', 1, true)
  if from then
    local to = string.find(record, ';', from + 1, true) or #record
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
      makePending(user)
    end
  end
end
if #kept > 0 then redis.call('HSET', users, unpack(kept)) end
if #gone > 0 then redis.call('HDEL', users, unpack(gone)) end

-- From the ledger, not only found above: Redis has no users after it was emptied.
for _, user in ipairs(ARGV[7] ~= '' and cmsgpack.unpack(ARGV[7]) or {}) do
  local record = redis.call('HGET', users, user)
  if not record or string.byte(record) ~= 112 then makePending(user) end
end

reply[1] = redis.call('SCARD', linkUsers)
if reply[1] == 0 then redis.call('SREM', links, link) end
return reply
