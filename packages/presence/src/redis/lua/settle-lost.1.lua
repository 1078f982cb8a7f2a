#!lua flags=allow-oom
-- Forgets users of whom a node has told: lost ones that it was handed out, or such as are back.
-- KEYS  1 sorted set: lost, user id -> when to tell of it; or told, user id -> version told
-- ARGV  1 until when they were held, or the version that they were told with; then the users
-- REPLY how many were forgotten
-- COST  one ZSCORE and at most one ZREM a user
-- TWICE finds nobody to forget. Who was lost or told of anew since, or handed out again, is kept.
local scored = KEYS[1]
local forgotten = 0
for i = 2, #ARGV do
  if redis.call('ZSCORE', scored, ARGV[i]) == ARGV[1] then
    forgotten = forgotten + redis.call('ZREM', scored, ARGV[i])
  end
end
return forgotten
