-- Takes events that a node has counted into their windows, where they are not there yet.
-- KEYS: settling, the node's count of reservations, then the windows.
-- ARGV: how long to settle from now on in milliseconds, then for each window its length
-- and the number of its events, and for each of those how long ago it was, and its name;
-- all times of a window in microseconds.
-- Answers with the count, which it moves on, so that what was given back is missed too
-- where the server loses it again.
redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local at = 2
for i = 3, #KEYS do
  local per, events = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  for _ = 1, events do
    redis.call('ZADD', KEYS[i], 'NX', now - tonumber(ARGV[at]), ARGV[at + 1])
    at = at + 2
  end
  redis.call('PEXPIRE', KEYS[i], math.ceil(per / 1000))
end
return redis.call('INCR', KEYS[2])
