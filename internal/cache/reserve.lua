-- Counts one event in every window, or in none where any is full (cache.Cache, Reserve).
-- A window is a sorted set of events by their time in microseconds.
-- KEYS: the windows. ARGV: the event, then for each window its limit and its length.
-- Answers with what is to be waited for, and for each window how many events are in it
-- and how long until the oldest leaves; all times in microseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local wait, answer = 0, {}

-- left is how long the event at a rank stays. By a clock that was set back an event may
-- lie in the future, and stays no longer than a whole window for it.
local function left(key, rank, per)
  local event = redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')
  if not event[2] then return 0 end
  return math.min(per, event[2] + per - now)
end

for i, key in ipairs(KEYS) do
  local limit, per = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - per)
  local over = redis.call('ZCARD', key) - limit
  if over >= 0 then wait = math.max(wait, left(key, over, per)) end
end

for i, key in ipairs(KEYS) do
  local per = tonumber(ARGV[2 * i + 1])
  if wait == 0 then
    redis.call('ZADD', key, now, ARGV[1])
    redis.call('PEXPIRE', key, math.ceil(per / 1000))
  end
  answer[2 * i] = redis.call('ZCARD', key)
  answer[2 * i + 1] = left(key, 0, per)
end
answer[1] = wait
return answer
