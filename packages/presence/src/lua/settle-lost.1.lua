-- Forgets lost users whom a node was handed out and has told of.
-- KEYS  1 lost: sorted set, user id -> when to tell of it
-- ARGV  1 until when they were held, then the users
-- REPLY how many were forgotten
-- COST  one ZSCORE and at most one ZREM a user
-- TWICE finds nobody to forget. Who was lost anew since, or handed out again, is kept.
local lost = KEYS[1]
local forgotten = 0
for i = 2, #ARGV do
  if redis.call('ZSCORE', lost, ARGV[i]) == ARGV[1] then
    forgotten = forgotten + redis.call('ZREM', lost, ARGV[i])
  end
end
return forgotten
