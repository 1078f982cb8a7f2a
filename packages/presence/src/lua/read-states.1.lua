-- Tells users' states, as apply-updates does between updates.
-- KEYS  1 users hash (user id -> record)
-- ARGV  the user ids
-- REPLY one digit a user: 0 nobody holds the user, 1 held without a PC client, 2 with one
-- COST  one HMGET of the users; the caller bounds them (256)
-- TWICE reads again
local states = {}
for i, record in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV))) do
  if not record then
    states[i] = '0'
  elseif string.byte(record) == 112 then
    states[i] = '2'
  else
    states[i] = '1'
  end
end
return table.concat(states)
