-- Takes time off everything that expires: ARGV[1] microseconds of it, which may be fewer
-- than none. Events of a sorted set move into the past with it.
local by = tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  local left = redis.call('PTTL', key)
  if left >= 0 then
    if redis.call('TYPE', key).ok == 'zset' then
      local events = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
      for i = 1, #events, 2 do
        redis.call('ZADD', key, events[i + 1] - by, events[i])
      end
    end
    if left - by / 1000 <= 0 then
      redis.call('DEL', key)
    else
      redis.call('PEXPIRE', key, math.floor(left - by / 1000))
    end
  end
end
