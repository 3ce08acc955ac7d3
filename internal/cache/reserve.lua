-- Counts one event in every window, or in none where any is full (cache.Cache, Reserve).
-- A window is a sorted set of events by their time in microseconds.
-- KEYS: generation, the node's count of reservations, settling, then the windows.
-- ARGV: the generation and the count that the node was told, the event, then for each window
-- its limit and its length.
-- Answers with the count, what is to be waited for, and for each window how many events
-- are in it and how long until the oldest leaves; all times in microseconds. Where the
-- server has lost data, or is being given it back, it counts nothing and answers with
-- one number.
-- What was counted less than the node was told stays so: join looks for it.
if redis.call('GET', KEYS[1]) ~= ARGV[1] or tonumber(redis.call('GET', KEYS[2]) or 0) < tonumber(ARGV[2]) then return {-1} end
local count = redis.call('INCR', KEYS[2])
if redis.call('EXISTS', KEYS[3]) == 1 then return {-2} end

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local wait, answer = 0, {count}

-- left is how long the event at a rank stays. By a clock that was set back an event may
-- lie in the future, and stays no longer than a whole window for it.
local function left(key, rank, per)
  local event = redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')
  if not event[2] then return 0 end
  return math.min(per, event[2] + per - now)
end

for i = 4, #KEYS do
  local limit, per = tonumber(ARGV[2 * i - 4]), tonumber(ARGV[2 * i - 3])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - per)
  local over = redis.call('ZCARD', KEYS[i]) - limit
  -- A call that is made again, since its answer was lost, finds its event there.
  if over >= 0 and not redis.call('ZSCORE', KEYS[i], ARGV[3]) then wait = math.max(wait, left(KEYS[i], over, per)) end
end

for i = 4, #KEYS do
  local per = tonumber(ARGV[2 * i - 3])
  if wait == 0 then
    redis.call('ZADD', KEYS[i], 'NX', now, ARGV[3])
    redis.call('PEXPIRE', KEYS[i], math.ceil(per / 1000))
  end
  answer[2 * i - 5] = redis.call('ZCARD', KEYS[i])
  answer[2 * i - 4] = left(KEYS[i], 0, per)
end
answer[2] = wait
return answer
