-- Hands out lost users who are due to be told of; who has a PC client again is forgotten.
-- KEYS  1 users hash, 2 lost: sorted set, user id -> when to tell of it, 3 meta hash
-- ARGV  1 how many at the most, 2 for how many ms no other node is given them
-- REPLY {} when nobody is due, else { version, until when they are held, user, state, user, state, ... }
--       states as in apply-updates
-- COST  one HGET and one ZADD or ZREM a user, at most ARGV 1 of them
-- TWICE hands out the next ones. Who was handed out and is not settled (settle-lost) is due again when the
--       time is over: a node that dies in between keeps nobody from being told of.
local users, lost, meta = KEYS[1], KEYS[2], KEYS[3]
local limit, holdMs = tonumber(ARGV[1]), tonumber(ARGV[2])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local due = redis.call('ZRANGEBYSCORE', lost, '-inf', string.format('%.0f', now), 'LIMIT', 0, limit)
if #due == 0 then return {} end

local version = tonumber(time[1]) * 1000000 + tonumber(time[2])
local clock = tonumber(redis.call('HGET', meta, '@clock') or '0')
if version <= clock then version = clock + 1 end
redis.call('HSET', meta, '@clock', string.format('%.0f', version))

local heldUntil = string.format('%.0f', now + holdMs)
local reply = { version, heldUntil }
for _, user in ipairs(due) do
  local record = redis.call('HGET', users, user)
  if record and string.byte(record) == 112 then
    redis.call('ZREM', lost, user)
  else
    redis.call('ZADD', lost, heldUntil, user)
    reply[#reply + 1] = user
    reply[#reply + 1] = record and 1 or 0
  end
end
return reply
