-- Returns users' states, as apply-updates does between updates.
-- KEYS  1 users hash (user id -> record), 2 meta hash
-- ARGV  1 node id, 2 the stamp of the node's last call in this shard,
--       3 the user ids (MessagePack list)
-- REPLY one digit per user: 0 on no link, 1 online without a PC client, 2 with a PC client
-- COST  one HMGET of the users; the caller bounds them (256)
-- TWICE reads again. If the node's last call is not the given one, Redis has lost writes: LOST.
local last = redis.call('HGET', KEYS[2], ARGV[1])
if last ~= ARGV[2] then return redis.error_reply('LOST stamp of ' .. ARGV[1] .. ': ' .. tostring(last)) end
local stateOf = { [false] = '0' } -- by record: most are the same few
local states = {}
for i, record in ipairs(redis.call('HMGET', KEYS[1], unpack(cmsgpack.unpack(ARGV[3])))) do
  local state = stateOf[record]
  if not state then
    state = string.byte(record) == 112 and '2' or '1'
    stateOf[record] = state
  end
  states[i] = state
end
return table.concat(states)
