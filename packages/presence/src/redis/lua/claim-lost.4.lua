#!lua flags=allow-oom
-- Claims pending users that are due, to be announced offline. Users with a PC client again are
-- removed instead. Stores users announced before, or returns them if they have a PC client
-- again.
-- KEYS  1 users hash,
--       2 pending: sorted set, user id -> when to announce, by the grace clock (see release-link),
--       3 meta hash,
--       4 announced: sorted set, user id -> version of the offline announcement after the grace
-- ARGV  1 how many users at most, 2 for how many ms no other node can claim them,
--       3 the highest version that the node knows; then user, version, user, version, ... of users
--       who were announced offline before, because Redis may have lost them
-- REPLY {} when there is no user, else { version, end of the claim, { user, state, user, state, ...
--       },
--       { user, version announced, ... } }: claimed users, with states as in apply-updates; and
--       announced users who are back
-- COST  one HGET and two ZADD or one ZREM per user, for at most ARGV 1 users and the announced ones
--       given; removes at most 256 announced more than a day ago
-- TWICE claims the next users. Claimed users that are not settled (settle-lost) are due again when
--       the claim ends: a node that dies in between does not prevent an announcement.
local users, lost, meta, told = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local limit, holdMs, known = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])

-- Even if no user is pending.
local yesterday = string.format('%.0f', micros - 86400 * 1000000)
local old = redis.call('ZRANGEBYSCORE', told, '-inf', yesterday, 'LIMIT', 0, 256)
if #old > 0 then redis.call('ZREM', told, unpack(old)) end

local back = {}
for i = 4, #ARGV, 2 do
  local user, announced = ARGV[i], ARGV[i + 1]
  local record = redis.call('HGET', users, user)
  if record and string.byte(record) == 112 then
    redis.call('ZREM', told, user)
    back[#back + 1] = user
    back[#back + 1] = announced
  else
    redis.call('ZADD', told, 'GT', announced, user)
  end
end
if #back == 0 and redis.call('EXISTS', lost) == 0 then return {} end

local now = math.floor(micros / 1000)
local stored = redis.call('HMGET', meta, '@grace', '@at', '@clock')
local grace, at = tonumber(stored[1] or '0') or 0, tonumber(stored[2] or '0') or 0
grace = grace + math.max(0, math.min(1000, now - at))
if not (grace >= 0 and grace < 8e15) then grace = 0 end
redis.call('HSET', meta, '@grace', string.format('%.0f', grace), '@at', string.format('%.0f', now))
-- No node writes a time that is a day ahead.
redis.call('ZREMRANGEBYSCORE', lost, string.format('%.0f', grace + 86400000), '+inf')
local due = redis.call('ZRANGEBYSCORE', lost, '-inf', string.format('%.0f', grace), 'LIMIT', 0, limit)
if #due == 0 and #back == 0 then return {} end

local clock = tonumber(stored[3] or '0') or 0
if not (clock >= 0 and clock < 8e15) then clock = 0 end
local version = string.format('%.0f', math.max(micros, clock + 1, known + 1))
redis.call('HSET', meta, '@clock', version)

local heldUntil = string.format('%.0f', grace + holdMs)
local claimed = {}
for _, user in ipairs(due) do
  local record = redis.call('HGET', users, user)
  if record and string.byte(record) == 112 or not string.find(user, '^%d+$') then
    redis.call('ZREM', lost, user)
  else
    redis.call('ZADD', lost, heldUntil, user)
    -- Stored before the announcement: a user who returns from now on was, or will be, announced.
    redis.call('ZADD', told, version, user)
    claimed[#claimed + 1] = user
    claimed[#claimed + 1] = record and 1 or 0
  end
end
return { version, heldUntil, claimed, back }
