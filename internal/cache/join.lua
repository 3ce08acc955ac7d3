-- Tells a node which generation of data the server has, and begins another where the
-- server has lost some: where it has none, or has counted less of this node than the node
-- was told. For a while nobody counts then, so that every node can give back what it
-- counted. It always writes, and so fails where the server only reads.
-- KEYS: generation, the node's count of reservations, settling.
-- ARGV: the generation and the count that the node was told, how long to settle and how
-- long to keep the count, both in milliseconds.
local generation = redis.call('GET', KEYS[1])
local count, seen = tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(ARGV[2])
if not generation or generation == ARGV[1] and count < seen then
  local clock = redis.call('TIME')
  generation = clock[1] .. '.' .. clock[2]
  redis.call('SET', KEYS[1], generation)
  redis.call('SET', KEYS[3], generation, 'PX', ARGV[3])
elseif generation ~= ARGV[1] and ARGV[1] ~= '' then
  redis.call('SET', KEYS[3], generation, 'PX', ARGV[3])
end
count = math.max(count, seen) + 1 -- so that a node which counts nothing can tell too
redis.call('SET', KEYS[2], count, 'PX', ARGV[4])
return {generation, count, redis.call('EXISTS', KEYS[3])}
