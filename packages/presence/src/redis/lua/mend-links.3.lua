#!lua flags=allow-oom
-- Makes every link that a record names findable again, by the links set and by its own set of users, and takes out
-- of the records what is not an entry. Whatever has cost Redis such a set (an eviction, a key deleted by hand), the
-- records that it led to would outlive their link.
-- KEYS  1 users hash, 2 links set, 3 prefix of the sets of users that each link holds
-- ARGV  1 cursor, '0' to begin, 2 about how many records to look at
-- REPLY { next cursor, entries mended, records mended }: cursor '0' when all were looked at
-- COST  one HSCAN, and one SADD an entry of the records looked at
-- TWICE finds nothing to mend. It goes by what the records say at this moment and changes no entry,
--       so it needs no stamp: what it lists of a dead node's is reaped as everything else is.
local users, links, held = KEYS[1], KEYS[2], KEYS[3]
local cursor, count = ARGV[1], ARGV[2]

local scanned = redis.call('HSCAN', users, cursor, 'COUNT', count)
local known = {}
local mended, records = 0, 0

for i = 1, #scanned[2], 2 do
  local user, record = scanned[2][i], scanned[2][i + 1]
  local entries = ';'
  local number = string.find(user, '^%d+$') and tonumber(user)
  if number and number < 4294967296 and string.format('%.0f', number) == user then
    for link, holding in string.gmatch(record, '(%w+%.%w+)=([wmia][%w%[%]]*);') do
      entries = entries .. link .. '=' .. holding .. ';'
      if not known[link] then
        redis.call('SADD', links, link)
        known[link] = true
      end
      mended = mended + redis.call('SADD', held .. link, user)
    end
  end
  local right = (string.find(entries, '=[^;]*[wm]') and 'p' or 'm') .. entries
  if right ~= record then
    records = records + 1
    if entries == ';' then redis.call('HDEL', users, user) else redis.call('HSET', users, user, right) end
  end
end

return { scanned[1], mended, records }
