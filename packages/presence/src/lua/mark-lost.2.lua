-- Notes the users who were lost with a link of this node and have no PC client on any other.
-- KEYS  1 users hash, 2 lost: sorted set, user id -> when to tell of it, in ms of this server's clock
-- ARGV  1 after how many ms to tell, then the users who had a PC client on the link
-- REPLY how many were noted
-- COST  one HGET and at most one ZADD a user; the caller bounds the users (256)
-- TWICE notes nobody anew, and tells of nobody later
local users, lost = KEYS[1], KEYS[2]
local graceMs = tonumber(ARGV[1])

local time = redis.call('TIME')
local due = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + graceMs
local noted = 0
for i = 2, #ARGV do
  local record = redis.call('HGET', users, ARGV[i])
  if not record or string.byte(record) ~= 112 then
    noted = noted + redis.call('ZADD', lost, 'NX', string.format('%.0f', due), ARGV[i])
  end
end
return noted
