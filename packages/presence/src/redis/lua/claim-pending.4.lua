#!lua flags=allow-oom
-- Claims pending users that are due, to be announced offline. Removes users with a PC client again.
-- Stores users announced before, or returns them if they have a PC client again.
-- KEYS  1 users hash,
--       2 pending: sorted set, user id -> when to announce, by the grace clock (see release-link),
--       3 meta hash,
--       4 announced: sorted set, user id -> version of the offline announcement after the grace
-- ARGV  1 how many users at most, 2 for how many ms no other node can claim them,
--       3 the highest version that the node knows; then user, version, user, version, ... of users
--       announced offline before, because Redis may have lost them
-- REPLY {} when there is no user, else { version, end of the claim, { user, state, ... }, { user,
--       version announced, ... } }: claimed users, with states as in apply-updates; and announced
--       users with a PC client again
-- COST  one HGET and two ZADD or one ZREM per user, for at most ARGV 1 users and the announced ones
--       given; removes at most 256 announced more than a day ago
-- TWICE claims the next users. Claimed users that are not settled (settle-users) are due again when
--       the claim ends: a node that dies in between does not prevent an announcement.
local users, pending, meta, announced = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local limit, claimMs, known = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])

-- Even if no user is pending.
local yesterday = string.format('%.0f', micros - 86400 * 1000000)
local old = redis.call('ZRANGEBYSCORE', announced, '-inf', yesterday, 'LIMIT', 0, 256)
if #old > 0 then redis.call('ZREM', announced, unpack(old)) end

local back = {}
for i = 4, #ARGV, 2 do
  local user, announcedAt = ARGV[i], ARGV[i + 1]
  local record = redis.call('HGET', users, user)
  if record and string.byte(record) == 112 then
    redis.call('ZREM', announced, user)
    back[#back + 1] = user
    back[#back + 1] = announcedAt
  else
    redis.call('ZADD', announced, 'GT', announcedAt, user)
  end
end
if #back == 0 and redis.call('EXISTS', pending) == 0 then return {} end

local now = math.floor(micros / 1000)
local stored = redis.call('HMGET', meta, '@grace', '@at', '@clock')
local grace, at = tonumber(stored[1] or '0') or 0, tonumber(stored[2] or '0') or 0
grace = grace + math.max(0, math.min(1000, now - at))
if not (grace >= 0 and grace < 8e15) then grace = 0 end
redis.call('HSET', meta, '@grace', string.format('%.0f', grace), '@at', string.format('%.0f', now))
-- No node writes a time that is a day ahead.
redis.call('ZREMRANGEBYSCORE', pending, string.format('%.0f', grace + 86400000), '+inf')
local due = redis.call('ZRANGEBYSCORE', pending, '-inf', string.format('%.0f', grace), 'LIMIT', 0, limit)
if #due == 0 and #back == 0 then return {} end

local clock = tonumber(stored[3] or '0') or 0
if not (clock >= 0 and clock < 8e15) then clock = 0 end
local version = string.format('%.0f', math.max(micros, clock + 1, known + 1))
redis.call('HSET', meta, '@clock', version)

local claimedUntil = string.format('%.0f', grace + claimMs)
local claimed = {}
for _, user in ipairs(due) do
  local record = redis.call('HGET', users, user)
  if record and string.byte(record) == 112 or not string.find(user, '^%d+$') then
    redis.call('ZREM', pending, user)
  else
    redis.call('ZADD', pending, claimedUntil, user)
    -- Stored before the announcement: a user who returns from now on was, or will be, announced.
    redis.call('ZADD', announced, version, user)
    claimed[#claimed + 1] = user
    claimed[#claimed + 1] = record and 1 or 0
  end
end
return { version, claimedUntil, claimed, back }
