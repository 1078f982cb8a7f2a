-- Hands out lost users who are due to be told of; who has a PC client again is forgotten.
-- KEYS  1 users hash, 2 lost: sorted set, user id -> when to tell of it, 3 meta hash,
--       4 told: sorted set, user id -> version with which a lost user was told to be offline
-- ARGV  1 how many at the most, 2 for how many ms no other node is given them
-- REPLY {} when nobody is due, else { version, until when they are held, user, state, user, state, ... }
--       states as in apply-updates
-- COST  one HGET and two ZADD or one ZREM a user, at most ARGV 1 of them; at most 256 who were told of more
--       than a day ago are forgotten
-- TWICE hands out the next ones. Who was handed out and is not settled (settle-lost) is due again when the
--       time is over: a node that dies in between keeps nobody from being told of.
local users, lost, meta, told = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local limit, holdMs = tonumber(ARGV[1]), tonumber(ARGV[2])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local due = redis.call('ZRANGEBYSCORE', lost, '-inf', string.format('%.0f', now), 'LIMIT', 0, limit)
if #due == 0 then return {} end

local version = tonumber(time[1]) * 1000000 + tonumber(time[2])
local clock = tonumber(redis.call('HGET', meta, '@clock') or '0')
if version <= clock then version = clock + 1 end
redis.call('HSET', meta, '@clock', string.format('%.0f', version))

local day = 86400 * 1000000
local old = redis.call('ZRANGEBYSCORE', told, '-inf', string.format('%.0f', version - day), 'LIMIT', 0, 256)
if #old > 0 then redis.call('ZREM', told, unpack(old)) end

local heldUntil = string.format('%.0f', now + holdMs)
local reply = { version, heldUntil }
for _, user in ipairs(due) do
  local record = redis.call('HGET', users, user)
  if record and string.byte(record) == 112 then
    redis.call('ZREM', lost, user)
  else
    redis.call('ZADD', lost, heldUntil, user)
    -- Before it is told: whoever comes back from now on was, or will be, told to be offline.
    redis.call('ZADD', told, string.format('%.0f', version), user)
    reply[#reply + 1] = user
    reply[#reply + 1] = record and 1 or 0
  end
end
return reply
