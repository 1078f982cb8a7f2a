#!lua flags=allow-oom
-- Restores the links set and each link's set of users from the records, and drops invalid entries
-- from the records. If Redis has lost such a set (an eviction, a key deleted by hand), the records
-- that it led to would outlive their link.
-- KEYS  1 users hash, 2 links set, 3 prefix of each link's set of users
-- ARGV  1 cursor, '0' to begin, 2 about how many records to read
-- REPLY { next cursor, entries restored, records repaired }: cursor '0' after the last record
-- COST  one HSCAN, and one SADD per link in the records read
-- TWICE finds nothing to repair. It follows the current records and changes no entry, so it needs
--       no stamp: restored links of a dead node are reaped as usual.
local users, links, linkUsers = KEYS[1], KEYS[2], KEYS[3]
local cursor, count = ARGV[1], ARGV[2]

local scanned = redis.call('HSCAN', users, cursor, 'COUNT', count)
local holders = {} -- by link: its users in these records
local mended, records = 0, 0

for i = 1, #scanned[2], 2 do
  local user, record = scanned[2][i], scanned[2][i + 1]
  local list = {}
  local number = string.find(user, '^%d+$') and tonumber(user)
  if number and number < 4294967296 and string.format('%.0f', number) == user then
    for link, entry in string.gmatch(record, '(%w+%.%w+)=([wmia][%w%[%]]*);') do
      list[#list + 1] = link .. '=' .. entry .. ';'
      local holds = holders[link] or {}
      holders[link] = holds
      holds[#holds + 1] = user
    end
  end
  local entries = ';' .. table.concat(list)
  local right = (string.find(entries, '=[^;]*[wm]') and 'p' or 'm') .. entries
  if right ~= record then
    records = records + 1
    if entries == ';' then redis.call('HDEL', users, user) else redis.call('HSET', users, user, right) end
  end
end

for link, holds in pairs(holders) do
  redis.call('SADD', links, link)
  mended = mended + redis.call('SADD', linkUsers .. link, unpack(holds))
end

return { scanned[1], mended, records }
