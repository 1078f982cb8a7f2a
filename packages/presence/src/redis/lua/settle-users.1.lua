#!lua flags=allow-oom
-- Removes users that a node has announced: claimed pending users, or announced users that are back.
-- KEYS  1 sorted set: pending, user id -> end of the claim; or announced, user id -> version
--       announced
-- ARGV  1 the end of the claim, or the version announced; then the users
-- REPLY how many were removed
-- COST  one ZSCORE and at most one ZREM per user
-- TWICE finds no user to remove. A user that is pending, announced or claimed anew since is kept.
local scored = KEYS[1]
local forgotten = 0
for i = 2, #ARGV do
  if redis.call('ZSCORE', scored, ARGV[i]) == ARGV[1] then
    forgotten = forgotten + redis.call('ZREM', scored, ARGV[i])
  end
end
return forgotten
