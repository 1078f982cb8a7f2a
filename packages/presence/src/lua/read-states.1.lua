-- Tells users' states, as apply-updates does between updates.
-- KEYS  1 users hash (user id -> record)
-- ARGV  1 the user ids (MessagePack list)
-- REPLY one digit a user: 0 nobody holds the user, 1 held without a PC client, 2 with one
-- COST  one HMGET of the users; the caller bounds them (256)
-- TWICE reads again
local stateOf = { [false] = '0' } -- by record: most are the same few
local states = {}
for i, record in ipairs(redis.call('HMGET', KEYS[1], unpack(cmsgpack.unpack(ARGV[1])))) do
  local state = stateOf[record]
  if not state then
    state = string.byte(record) == 112 and '2' or '1'
    stateOf[record] = state
  end
  states[i] = state
end
return table.concat(states)
