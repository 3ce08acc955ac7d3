-- Takes time off every value and window: ARGV[1] microseconds of it, which may be fewer
-- than none. Events of a window move into the past with it. What the nodes renew all the
-- time, however long that is, stays as it is.
local by = tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  local left = redis.call('PTTL', key)
  if left >= 0 and (key:sub(1, 10) == '{flowxi}v:' or key:sub(1, 10) == '{flowxi}w:') then
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
