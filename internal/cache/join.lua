-- Tells a node which generation of data the server has, and begins another where the
-- server has lost some: where it has none, or has counted less than the node was told.
-- For a while nobody counts then, so that every node can give back what it counted.
-- KEYS: generation, count of reservations, settling.
-- ARGV: the generation and the count that the node knows, how long to settle in
-- milliseconds.
local generation = redis.call('GET', KEYS[1])
local count, seen = tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(ARGV[2])
if not generation or generation == ARGV[1] and count < seen then
  local clock = redis.call('TIME')
  generation = clock[1] .. '.' .. clock[2]
  redis.call('SET', KEYS[1], generation)
  redis.call('SET', KEYS[3], generation, 'PX', ARGV[3])
end
if count < seen then redis.call('SET', KEYS[2], ARGV[2]) end
return {generation, math.max(count, seen), redis.call('EXISTS', KEYS[3])}
