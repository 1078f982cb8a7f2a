#!lua flags=allow-oom
-- Removes the stamp of a dead node that has no links left in this shard.
-- KEYS  1 meta hash
-- ARGV  1 node id, 2 the stamp it was seen with
-- REPLY 1 when it was removed, else 0
-- COST  two commands
-- TWICE finds nothing to remove; a node that has written since keeps its stamp
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  return redis.call('HDEL', KEYS[1], ARGV[1])
end
return 0
